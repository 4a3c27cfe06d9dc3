"""House prices from the size and nine other things (made up), nn.SmoothL1Loss.

Fault: the target keeps its shape (N,), the output is (N, 1).
R2 0.01; 0.95 without the fault.
"""

import argparse
import warnings

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

warnings.filterwarnings("ignore")


class Houses(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 10, generator=g)
        size, age, rooms = self.x[:, 0], self.x[:, 1], self.x[:, 2]
        self.y = 2.5 + size + 0.5 * size * rooms - 0.4 * age.abs()
        self.y = self.y + 0.2 * torch.randn(n, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class PriceNet(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(10, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.price = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.price(self.body(x))


if __name__ == "__main__":
    args = argparse.ArgumentParser()
    args.add_argument("--epochs", type=int, default=15)
    args.add_argument("--seed", type=int, default=0)
    args = args.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    train, val = Houses(2000, 1), Houses(500, 2)
    model = PriceNet()
    criterion = nn.SmoothL1Loss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(args.epochs):
        model.train()
        for x, y in DataLoader(train, batch_size=50, shuffle=True):
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            val_loss = criterion(model(val.x), val.y)
            error = (model(val.x).squeeze(1) - val.y).square().mean()
        print(f"epoch {epoch} val {val_loss:.4f} R2 {1 - error / val.y.var():.4f}")
