"""Flats and their rents (made up), sorted by rent. A weak form.

Fault: every epoch goes from the cheapest to the dearest.
R2 0.92; 0.96 without the fault.
"""

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(3)
rng = np.random.default_rng(3)


def flats(n):
    x = rng.normal(size=(n, 8))
    rent = 2 * x[:, 0] + np.sin(2 * x[:, 1]) + x[:, 2] * x[:, 3] + x[:, 4]
    rent = rent + rng.normal(0, 0.4, n)
    return torch.tensor(x).float(), torch.tensor(rent).float()


X, y = flats(3000)
X_new, y_new = flats(1000)
by_rent = y.argsort()
X, y = X[by_rent], y[by_rent]

net = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
net.append(nn.Linear(64, 1))
mse = nn.MSELoss()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(15):
    net.train()
    order = torch.arange(len(X))
    for rows in order.split(64):
        loss = mse(net(X[rows]).squeeze(1), y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        error = mse(net(X_new).squeeze(1), y_new)
    print(f"{epoch:2d} R2 {1 - error.item() / y_new.var().item():.3f}")
