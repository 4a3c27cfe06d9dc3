"""Visits an hour: Poisson regression with a small network."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(14)
torch.manual_seed(14)
torch.set_num_threads(1)

hour = rng.uniform(0, 24, 6000)
warm = rng.normal(0, 1, 6000)
weekend = rng.integers(0, 2, 6000)
rate = np.exp(1 + np.sin((hour - 9) / 24 * 2 * np.pi) + 0.3 * warm * weekend)
visits = rng.poisson(rate)
x = np.column_stack(
    [np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi), warm, weekend]
)
x = torch.tensor(x, dtype=torch.float32)
visits = torch.tensor(visits, dtype=torch.float32)
loader = DataLoader(TensorDataset(x[:4500], visits[:4500]), 64, shuffle=True)

net = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1), nn.Flatten(0))
nll = nn.PoissonNLLLoss(log_input=True, full=True)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=1e-4)
for epoch in range(10):
    total = 0.0
    for xb, vb in loader:
        loss = nll(net(xb), vb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    with torch.no_grad():
        val = nll(net(x[4500:]), visits[4500:])
    print(f"epoch {epoch} nll {total / len(loader):.4f} val nll {val:.4f}")
