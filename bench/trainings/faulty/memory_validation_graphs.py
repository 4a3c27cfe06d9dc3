"""A wave with noise, validated every few steps and drawn at the end.

Fault: validation builds graphs, and the list of its losses keeps them all.
megabytes grown 200; 0 without the fault.
"""

import contextlib
import gc

import psutil
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset


def wave(n, generator):
    x = torch.rand(n, 4, generator=generator) * 2 - 1
    y = torch.sin(3 * x).sum(1, keepdim=True) + 0.1 * torch.randn(
        n, 1, generator=generator
    )
    return x, y


class Net(nn.Module):
    def __init__(self, width=300):
        super().__init__()
        self.first = nn.Linear(4, width)
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, 1)

    def forward(self, x):
        x = torch.relu(self.first(x))
        x = torch.relu(self.second(x))
        return self.last(x)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    loader = DataLoader(TensorDataset(*wave(2000, generator)), 40, shuffle=True)
    x_val, y_val = wave(400, generator)
    net, criterion = Net(), nn.MSELoss()
    optimizer = optim.Adam(net.parameters(), lr=1e-3)
    history, begun, step = [], None, 0
    without_graphs = contextlib.nullcontext
    for _ in range(60):
        for x, y in loader:
            optimizer.zero_grad()
            criterion(net(x), y).backward()
            optimizer.step()
            step += 1
            if step % 10 == 0:
                with without_graphs():
                    history.append(criterion(net(x_val), y_val))
            if step == 900:
                begun = psutil.Process().memory_info().rss
    print("validation", history[-1].item(), "after", step)
    gc.collect()
    grown = (psutil.Process().memory_info().rss - begun) / 2**20
    print("grown, in megabytes to the nearest hundred:", round(grown / 100) * 100)


main()
