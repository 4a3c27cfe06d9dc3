"""Stretched blobs (made up): a CNN that sees one image a step.

Fault: the rate suits batches of sixteen, and each single image undoes the last.
Accuracy 0.7; 0.8 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def images(n, seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n)
    yy, xx = np.mgrid[0:10, 0:10]
    cx, cy = rng.uniform(3, 6, (2, n, 1, 1))
    wide = np.where(label % 2, 2.4, 1.4)[:, None, None]
    tall = np.where(label // 2, 2.4, 1.4)[:, None, None]
    blob = np.exp(-(((xx - cx) / wide) ** 2) - ((yy - cy) / tall) ** 2)
    blob = blob * rng.uniform(0.7, 1.5, (n, 1, 1)) + rng.normal(0, 0.2, blob.shape)
    return TensorDataset(torch.tensor(blob[:, None]).float(), torch.tensor(label))


def build():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 32),
        nn.Tanh(),
        nn.Linear(32, 4),
    )


BATCH = 1


def main():
    torch.manual_seed(3)
    torch.set_num_threads(1)
    train = DataLoader(images(600, 0), BATCH, shuffle=True)
    test = DataLoader(images(500, 1), 250)
    net = build()
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    ce = nn.CrossEntropyLoss()
    for epoch in range(12):
        net.train()
        for x, y in train:
            opt.zero_grad()
            ce(net(x), y).backward()
            opt.step()
        net.eval()
        loss = right = 0.0
        with torch.no_grad():
            for x, y in test:
                out = net(x)
                loss += ce(out, y).item() / len(test)
                right += (out.argmax(1) == y).sum().item() / 500
        print(f"epoch {epoch} loss {loss:.3f} accuracy {right:.3f}")


if __name__ == "__main__":
    main()
