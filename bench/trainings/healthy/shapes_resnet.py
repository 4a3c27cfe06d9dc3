"""A small ResNet with batch normalisation tells discs, squares, crosses and rings."""

import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

SIZE = 16


def draw(kind, rng):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    cy, cx = rng.uniform(5, 10, 2)
    r = rng.uniform(3, 5)
    dist = np.hypot(yy - cy, xx - cx)
    if kind == 0:
        img = dist < r
    elif kind == 1:
        img = np.maximum(abs(yy - cy), abs(xx - cx)) < r * 0.9
    elif kind == 2:
        img = ((abs(yy - cy) < 1.2) | (abs(xx - cx) < 1.2)) & (dist < r + 1)
    else:
        img = abs(dist - r) < 1
    return img + rng.normal(0, 0.3, (SIZE, SIZE))


class Shapes(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, n)
        self.images = np.stack([draw(k, rng) for k in self.labels]).astype("float32")

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i][None]), int(self.labels[i])


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Sequential()
        if stride != 1 or cin != cout:
            self.shortcut = nn.Sequential(
                nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout)
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, 8))
        self.layer2 = nn.Sequential(BasicBlock(8, 16, 2), BasicBlock(16, 16))
        self.layer3 = nn.Sequential(BasicBlock(16, 32, 2), BasicBlock(32, 32))
        self.linear = nn.Linear(32, num_classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss = hits = n = 0
    for x, y in loader:
        out = model(x)
        loss += F.cross_entropy(out, y, reduction="sum").item()
        hits += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, hits / n


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=6)
    ap.add_argument("--lr", type=float, default=0.02)
    ap.add_argument("--seed", type=int, default=0)
    opt = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(opt.seed)

    train_loader = DataLoader(Shapes(1500, 1), batch_size=50, shuffle=True)
    val_loader = DataLoader(Shapes(500, 2), batch_size=250)
    net = ResNet()
    sgd = torch.optim.SGD(
        net.parameters(), lr=opt.lr, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=opt.epochs)
    for ep in range(opt.epochs):
        net.train()
        running = 0.0
        for x, y in train_loader:
            sgd.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            sgd.step()
            running += loss.item()
        sched.step()
        vl, va = evaluate(net, val_loader)
        print(f"[{ep}] {running / len(train_loader):.3f} | {vl:.3f} {va:.4f}")
