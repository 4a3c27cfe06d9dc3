"""A CNN on digits with Adam.

Fault: a learning rate of 0.1.
Accuracy 0.08; 0.94 without the fault.
"""

import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, kernel_size=3)
        self.conv2 = nn.Conv2d(12, 24, kernel_size=3)
        self.fc1 = nn.Linear(24 * 16, 48)
        self.fc2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x)).flatten(1)
        return self.fc2(F.relu(self.fc1(x)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    digits = load_digits()
    images = torch.tensor(digits.images / 16.0, dtype=torch.float32)[:, None]
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(images))
    tr, va = order[:1400], order[1400:]
    model = CNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(8):
        model.train()
        for batch in tr[torch.randperm(len(tr))].split(35):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            out = model(images[va])
            val = F.cross_entropy(out, labels[va]).item()
            acc = (out.argmax(1) == labels[va]).float().mean().item()
        print(f"epoch {epoch} train {loss.item():.4f} val {val:.4f} acc {acc:.4f}")


if __name__ == "__main__":
    main()
