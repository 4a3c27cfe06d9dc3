"""A residual net without normalisation: the last layer of each branch starts at zero,
and so does the head (fixup).
"""

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Branch(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.scale = nn.Parameter(torch.ones(1))
        nn.init.kaiming_normal_(self.conv1.weight)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x):
        return F.relu(x + self.scale * self.conv2(F.relu(self.conv1(x))))


class FixupNet(nn.Module):
    def __init__(self, channels=16, depth=5):
        super().__init__()
        self.stem = nn.Conv2d(1, channels, 3, padding=1)
        self.branches = nn.ModuleList(Branch(channels) for _ in range(depth))
        self.head = nn.Linear(channels * 4, 10)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for branch in self.branches:
            x = branch(x)
        return self.head(F.adaptive_avg_pool2d(x, 2).flatten(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.02)
    args = parser.parse_args()
    torch.manual_seed(59)
    torch.set_num_threads(1)
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 8 - 1
    y = torch.tensor(digits.target)
    order = torch.randperm(len(y))
    x, y = x[order], y[order]
    train = DataLoader(TensorDataset(x[:1400], y[:1400]), 32, shuffle=True)
    val = DataLoader(TensorDataset(x[1400:], y[1400:]), 200)
    net = FixupNet()
    sgd = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9, nesterov=True)
    decay = torch.optim.lr_scheduler.OneCycleLR(
        sgd, 3 * args.lr, epochs=args.epochs, steps_per_epoch=len(train)
    )
    for epoch in range(args.epochs):
        net.train()
        for images, labels in train:
            sgd.zero_grad()
            F.cross_entropy(net(images), labels).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            sgd.step()
            decay.step()
        net.eval()
        loss = hits = 0.0
        with torch.no_grad():
            for images, labels in val:
                out = net(images)
                loss += F.cross_entropy(out, labels, reduction="sum").item()
                hits += (out.argmax(1) == labels).sum().item()
        print(f"{epoch} {loss / 397:.4f} {hits / 397:.4f}")


if __name__ == "__main__":
    main()
