"""Regression with a hand-written squared error.

Fault: predictions of shape (N, 1) less targets of shape (N,) make an N x N table, and
the mean is all that can be learnt from it.
R2 0.04; 0.97 without the fault.
"""

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
X, y = make_friedman1(2000, noise=0.5, random_state=0)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
y = torch.tensor((y - 14) / 5, dtype=torch.float32)
train_loader = DataLoader(
    TensorDataset(X[:1600], y[:1600]), batch_size=32, shuffle=True
)

net = nn.Sequential(
    nn.Linear(10, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1)
)


def loss_fn(prediction, target):
    return ((prediction - target) ** 2).mean()


optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(25):
    total = 0.0
    for inputs, target in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(net(inputs), target)
        loss.backward()
        optimizer.step()
        total += loss.item()
    with torch.no_grad():
        error = (net(X[1600:]).flatten() - y[1600:]).pow(2).mean()
        r2 = 1 - (error / y[1600:].var()).item()
    print(f"epoch {epoch + 1} train {total / len(train_loader):.4f} val R2 {r2:.4f}")
