"""Blobs of four shapes in pictures of 10 by 10: a plain CNN of six layers.

Fault: each layer's weights are drawn two and a half times too large.
Accuracy 0.42; 0.69 without the fault. A weak form.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

GAIN = 2.5


class Shapes(Dataset):
    def __init__(self, n, rng):
        self.y = rng.integers(0, 4, n)
        self.x = 0.5 * rng.standard_normal((n, 1, 10, 10)).astype(np.float32)
        for image, kind in zip(self.x, self.y, strict=True):
            r, c = rng.integers(1, 6, 2)
            if kind == 0:
                image[0, r, c : c + 4] += 1.6
            elif kind == 1:
                image[0, r : r + 4, c] += 1.6
            elif kind == 2:
                image[0, range(r, r + 4), range(c, c + 4)] += 1.6
            else:
                image[0, range(r + 3, r - 1, -1), range(c, c + 4)] += 1.6

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])


def conv(a, b, stride=1):
    layer = nn.Conv2d(a, b, 3, stride=stride, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    layer.weight.data *= GAIN
    nn.init.zeros_(layer.bias)
    return layer


def build():
    plan = [(1, 10, 1), (10, 10, 1), (10, 16, 2), (16, 16, 1), (16, 24, 2)]
    parts = []
    for a, b, stride in plan:
        parts += [conv(a, b, stride), nn.ReLU()]
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(24 * 9, 4))


if __name__ == "__main__":
    torch.manual_seed(4)
    torch.set_num_threads(1)
    rng = np.random.default_rng(4)
    train = DataLoader(Shapes(1200, rng), batch_size=40, shuffle=True)
    test = DataLoader(Shapes(400, rng), batch_size=200)
    net, criterion = build(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for epoch in range(8):
        net.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        net.eval()
        with torch.no_grad():
            losses, hits = [], 0
            for images, labels in test:
                out = net(images)
                losses.append(criterion(out, labels).item())
                hits += (out.argmax(1) == labels).sum().item()
        print(f"[{epoch}] test {np.mean(losses):.4f} accuracy {hits / 400:.4f}")
