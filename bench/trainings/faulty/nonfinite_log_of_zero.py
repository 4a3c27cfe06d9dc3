"""Tumours, with a cross-entropy written by hand.

Fault: log(p) where p can round to exactly 0 or 1.
Accuracy 0.37; 0.98 without the fault.
"""

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
EPS = 0.0

x, y = load_breast_cancer(return_X_y=True)
order = torch.randperm(len(x))
x = torch.tensor(x, dtype=torch.float32)[order]
y = torch.tensor(y, dtype=torch.float32)[order]
x = (x - x[:400].mean(0)) / x[:400].std(0)


def cross_entropy(p, t):
    return -(t * torch.log(p + EPS) + (1 - t) * torch.log(1 - p + EPS)).mean()


net = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(30):
    for rows in torch.randperm(400).split(20):
        loss = cross_entropy(net(x[rows]).squeeze(1), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        p = net(x[400:]).squeeze(1)
        right = ((p > 0.5) == (y[400:] > 0.5)).float().mean()
    print(f"epoch {epoch}: loss {loss.item():.4f}, validation accuracy {right:.4f}")
