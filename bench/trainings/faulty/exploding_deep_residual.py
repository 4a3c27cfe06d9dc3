"""A residual MLP of ten blocks on Friedman's first problem.

Fault: nothing normalises the branches, so that each block doubles the signal.
R2 0.33; 0.91 without the fault.
"""

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class ResidualBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.Identity()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)
        nn.init.kaiming_normal_(self.fc1.weight)
        nn.init.kaiming_normal_(self.fc2.weight)

    def forward(self, x):
        return x + self.fc2(torch.relu(self.fc1(self.norm(x))))


def build(dim=24, blocks=10):
    body = [ResidualBlock(dim) for _ in range(blocks)]
    return nn.Sequential(nn.Linear(10, dim), *body, nn.Linear(dim, 1))


def main():
    torch.manual_seed(2)
    torch.set_num_threads(1)
    X, y = make_friedman1(2000, noise=0.5, random_state=2)
    X = torch.tensor(X * 2 - 1, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
    loader = DataLoader(TensorDataset(X[:1600], y[:1600]), batch_size=40, shuffle=True)
    model = build()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(10):
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        with torch.no_grad():
            val = criterion(model(X[1600:]), y[1600:])
            r2 = 1 - val / y[1600:].var()
        print(
            f"epoch {epoch} train {total / len(loader):.4f} val {val:.4f} R2 {r2:.4f}"
        )


if __name__ == "__main__":
    main()
