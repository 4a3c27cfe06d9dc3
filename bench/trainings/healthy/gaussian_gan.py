"""A GAN learns a two-dimensional Gaussian; one optimizer for each of the two nets."""

import argparse

import torch
from torch import nn

MEAN = torch.tensor([1.0, -0.5])
MIX = torch.tensor([[1.0, 0.0], [0.6, 0.5]])


def real_points(n):
    return MEAN + torch.randn(n, 2) @ MIX.T


def mlp(n_in, n_out):
    return nn.Sequential(
        nn.Linear(n_in, 32),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 32),
        nn.LeakyReLU(0.2),
        nn.Linear(32, n_out),
    )


def energy_distance(a, b):
    within = torch.cdist(a, a).mean() + torch.cdist(b, b).mean()
    return (2 * torch.cdist(a, b).mean() - within).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    generator, discriminator = mlp(2, 2), mlp(2, 1)
    g_opt = torch.optim.Adam(generator.parameters(), lr=5e-4, betas=(0.5, 0.9))
    d_opt = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.9))
    bce = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(256, 1), torch.zeros(256, 1)
    for step in range(args.steps):
        fake = generator(torch.randn(256, 2))
        d_loss = bce(discriminator(real_points(256)), ones) + bce(
            discriminator(fake.detach()), zeros
        )
        d_opt.zero_grad()
        d_loss.backward()
        d_opt.step()

        g_loss = bce(discriminator(fake), ones)
        g_opt.zero_grad()
        g_loss.backward()
        g_opt.step()

        if (step + 1) % 250 == 0:
            with torch.no_grad():
                fake = generator(torch.randn(1000, 2))
            distance = energy_distance(fake, real_points(1000))
            print(f"{step + 1} D {d_loss:.3f} G {g_loss:.3f} distance {distance:.4f}")


if __name__ == "__main__":
    main()
