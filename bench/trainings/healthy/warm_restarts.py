"""A regression (made up) under a rate that falls and restarts, again and again."""

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
torch.set_num_threads(1)
rng = np.random.default_rng(8)
x = rng.normal(size=(2600, 7))
y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + rng.normal(0, 0.4, 2600)
x, y = torch.tensor(x).float(), torch.tensor(y).float()[:, None]
loader = DataLoader(TensorDataset(x[:2000], y[:2000]), batch_size=40, shuffle=True)

net = nn.Sequential(nn.Linear(7, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
net.append(nn.Linear(64, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.08, momentum=0.9, weight_decay=1e-3)
cycle = CosineAnnealingWarmRestarts(opt, T_0=150, T_mult=2, eta_min=1e-4)
for epoch in range(21):
    for inputs, wanted in loader:
        loss = nn.functional.mse_loss(net(inputs), wanted)
        opt.zero_grad()
        loss.backward()
        opt.step()
        cycle.step()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(x[2000:]), y[2000:]).item()
    print(f"epoch {epoch} R2 {1 - val / y[2000:].var().item():.3f}")
