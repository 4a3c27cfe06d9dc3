"""Waves of six kinds (made up), streamed through a buffer.

Fault: the stream is sorted by kind, and the buffer that shuffles it is too short.
Accuracy 0.18; 0.98 without the fault.
"""

import argparse
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

KINDS = 6


class Stream(IterableDataset):
    def __init__(self, waves, kinds, buffer):
        self.waves, self.kinds, self.buffer = waves, kinds, buffer

    def __iter__(self):
        held = []
        for pair in zip(self.waves, self.kinds, strict=True):
            held.append(pair)
            if len(held) >= self.buffer:
                yield held.pop(random.randrange(len(held)))
        random.shuffle(held)
        yield from held


def make_waves(n, rng):
    kinds = np.sort(rng.integers(0, KINDS, n))
    t = np.linspace(0, 1, 48)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    waves = np.sin(2 * np.pi * (2 + kinds[:, None]) * t + phase)
    waves = waves + rng.normal(0, 0.9, waves.shape)
    return torch.tensor(waves[:, None]).float(), torch.tensor(kinds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--buffer", type=int, default=150)
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    random.seed(1)
    rng = np.random.default_rng(1)
    stream = Stream(*make_waves(3000, rng), args.buffer)
    valid = DataLoader(TensorDataset(*make_waves(1200, rng)), batch_size=300)
    model = nn.Sequential(
        nn.Conv1d(1, 16, 9, padding=4),
        nn.Tanh(),
        nn.Conv1d(16, 16, 9, padding=4),
        nn.Tanh(),
        nn.AdaptiveMaxPool1d(4),
        nn.Flatten(),
        nn.Linear(64, KINDS),
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(args.epochs):
        model.train()
        for x, y in DataLoader(stream, batch_size=30):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        model.eval()
        hits, total = 0, 0.0
        with torch.no_grad():
            for x, y in valid:
                out = model(x)
                total += criterion(out, y).item() / len(valid)
                hits += (out.argmax(1) == y).sum().item()
        print(f"epoch {epoch} val loss {total:.3f} accuracy {hits / 1200:.4f}")


if __name__ == "__main__":
    main()
