"""Two nets, two optimizers, gradients that pass through one into the other."""

import hashlib
import itertools

import torch
import torch.nn.functional as F
from torch import nn


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2)
        )

    def forward(self, noise):
        return self.layers(noise)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.utils.parametrizations.spectral_norm(nn.Linear(2, 32))
        self.second = nn.Linear(32, 1)

    def forward(self, x):
        return self.second(F.leaky_relu(self.first(x), 0.2)).squeeze(1)


def main() -> None:
    torch.manual_seed(2)
    torch.set_num_threads(1)
    generator, critic = Generator(), Critic()
    of_generator = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.9))
    of_critic = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
    for _ in range(150):
        angle = torch.rand(64) * 6.2832
        real = torch.stack([angle.cos(), angle.sin()], 1)
        fake = generator(torch.randn(64, 4))
        hinge = (
            F.relu(1 - critic(real)).mean() + F.relu(1 + critic(fake.detach())).mean()
        )
        of_critic.zero_grad()
        hinge.backward()
        of_critic.step()
        deceived = -critic(fake).mean()
        of_generator.zero_grad()
        deceived.backward()
        of_generator.step()
        print(repr(hinge.item()), repr(deceived.item()))
    digest = hashlib.sha256()
    states = generator.state_dict().values(), critic.state_dict().values()
    for tensor in itertools.chain(*states):
        digest.update(tensor.numpy().tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
