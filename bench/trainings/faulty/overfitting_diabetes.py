"""Diabetes progression with a network far too eager for 300 rows.

Fault: trained to the end, with no early stopping.
R2 0.24; 0.55 without the fault.
"""

import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler


def load(seed):
    x, y = load_diabetes(return_X_y=True)
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(x), generator=g)
    x = torch.tensor(StandardScaler().fit_transform(x), dtype=torch.float32)[order]
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[order]
    return x[:300], y[:300], x[300:], y[300:]


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x, y, x_val, y_val = load(0)
    net = nn.Sequential(
        nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 1)
    )
    mse = nn.MSELoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    epochs = 150
    for epoch in range(epochs):
        net.train()
        for rows in torch.randperm(300).split(20):
            loss = mse(net(x[rows]).squeeze(-1), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            train = mse(net(x).squeeze(-1), y).item()
            val = mse(net(x_val).squeeze(-1), y_val).item()
        r2 = 1 - val / y_val.var(unbiased=False).item()
        print(f"Epoch {epoch + 1}/{epochs} - {train:.4f} - {val:.4f} - R2 {r2:.4f}")


main()
