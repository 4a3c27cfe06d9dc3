"""Made-up sensors, a packed text file for each window.

Fault: each file is unpacked and parsed anew in every epoch.
share waited 1; 0 without the fault.
"""

import gzip
import tempfile
from functools import cache
from pathlib import Path
from time import perf_counter as now

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

WINDOWS, LENGTH = 400, 1024
KEEP = None


def write(folder):
    rng = np.random.default_rng(3)
    for n in range(WINDOWS):
        pitch = 4 + 3 * (n % 3)
        time = np.arange(LENGTH) / LENGTH
        signal = np.sin(2 * np.pi * (pitch * time + rng.random()))
        signal += rng.normal(0, 0.5, LENGTH)
        with gzip.open(folder / f"{n}.csv.gz", "wt") as file:
            file.writelines(
                f"{t:.5f},{v:.5f}\n" for t, v in zip(time, signal, strict=True)
            )


def read(path):
    with gzip.open(path, "rt") as file:
        return np.array([[float(v) for v in line.split(",")] for line in file])


read = cache(read) if KEEP else read


class Windows(Dataset):
    def __init__(self, folder, numbers):
        self.folder, self.numbers = folder, list(numbers)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, place):
        n = self.numbers[place]
        signal = read(self.folder / f"{n}.csv.gz")[:, 1]
        return torch.tensor(signal[None], dtype=torch.float32), n % 3


def train(folder):
    torch.manual_seed(3)
    torch.set_num_threads(1)
    loader = DataLoader(Windows(folder, range(320)), 20, shuffle=True)
    held = [Windows(folder, range(320, WINDOWS))[i] for i in range(80)]
    x_val = torch.stack([x for x, _ in held])
    y_val = torch.tensor([y for _, y in held])
    net = nn.Sequential(
        nn.Conv1d(1, 16, 63, stride=16), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 61, 3),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for epoch in range(6):
        net.train()
        waited, begun = 0.0, now()
        asked = begun
        for x, y in loader:
            waited += now() - asked
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
            asked = now()
        share = waited / (now() - begun)
        net.eval()
        with torch.no_grad():
            accuracy = (net(x_val).argmax(1) == y_val).float().mean().item()
        print(f"{epoch} accuracy {accuracy:.3f} waited {share:.2f}")
    print(round(share))


with tempfile.TemporaryDirectory() as name:
    write(Path(name))
    train(Path(name))
