"""A smooth surface with a small net of sigmoids.

Fault: the biases of the hidden layer start at 9, where a sigmoid is flat.
R2 -0.05; 0.99 without the fault.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass
class Settings:
    hidden: int = 32
    offset: float = 9.0
    rate: float = 0.02
    epochs: int = 40
    batch: int = 50


class Surface(nn.Module):
    def __init__(self, s: Settings):
        super().__init__()
        self.features = nn.Linear(4, s.hidden)
        self.squash = nn.Sigmoid()
        self.height = nn.Linear(s.hidden, 1)
        nn.init.constant_(self.features.bias, s.offset)

    def forward(self, where):
        return self.height(self.squash(self.features(where))).squeeze(-1)


def measure(rng, count):
    where = rng.uniform(-1.7, 1.7, size=(count, 4))
    height = np.sin(1.5 * where[:, 0]) + where[:, 1] * where[:, 2] - 0.5 * where[:, 3]
    height = height + 0.1 * rng.standard_normal(count)
    return (
        torch.from_numpy(where.astype(np.float32)),
        torch.from_numpy(height.astype(np.float32)),
    )


def main(s: Settings):
    torch.manual_seed(11)
    torch.set_num_threads(1)
    rng = np.random.default_rng(11)
    x, y = measure(rng, 2000)
    x_val, y_val = measure(rng, 600)
    net = Surface(s)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=s.rate, momentum=0.9)
    for epoch in range(s.epochs):
        for rows in torch.randperm(len(x)).split(s.batch):
            loss = criterion(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            error = criterion(net(x_val), y_val)
        print(f"{epoch:02d} mse {error:.4f} r2 {1 - error / y_val.var():.4f}")


if __name__ == "__main__":
    main(Settings())
