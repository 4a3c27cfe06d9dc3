"""Mean and spread of a target with small noise: a log-likelihood that goes negative."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class MeanAndScale(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh()
        )
        self.mean = nn.Linear(32, 1)
        self.log_scale = nn.Linear(32, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h), self.log_scale(h).clamp(-5, 2)


def negative_log_likelihood(mean, log_scale, target):
    z = (target - mean) * torch.exp(-log_scale)
    return (0.5 * z**2 + log_scale + 0.5 * math.log(2 * math.pi)).mean()


def make(n, generator):
    x = torch.rand(n, 3, generator=generator) * 2 - 1
    scale = 0.05 + 0.1 * (x[:, 2:] > 0)
    clean = 0.5 * torch.sin(3 * x[:, :1]) + 0.3 * x[:, 1:2]
    return x, clean + scale * torch.randn(n, 1, generator=generator)


def main(seed=2):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(*make(3000, g)), batch_size=60, shuffle=True)
    x_val, y_val = make(800, g)
    model = MeanAndScale()
    optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25)
    for epoch in range(25):
        total = 0.0
        for x, y in loader:
            loss = negative_log_likelihood(*model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        scheduler.step()
        with torch.no_grad():
            val = negative_log_likelihood(*model(x_val), y_val).item()
        print(f"epoch {epoch}: nll {total / len(loader):+.4f}, validation {val:+.4f}")


if __name__ == "__main__":
    main()
