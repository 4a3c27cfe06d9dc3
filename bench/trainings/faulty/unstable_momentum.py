"""Heights of waves (made up) from eight sensors: small batches, much momentum.

Fault: a momentum of 0.99 beside a rate that suits 0.9, so that the weights overshoot.
R2 0.8; 0.89 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
rng = np.random.default_rng(0)
x = rng.normal(size=(2500, 8))
y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.7 * x[:, 3] + rng.normal(0, 0.4, 2500)
x, y = torch.tensor(x).float(), torch.tensor(y / y.std()).float()[:, None]
loader = DataLoader(TensorDataset(x[:2000], y[:2000]), 32, shuffle=True)

net = nn.Sequential(nn.Linear(8, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())
net.append(nn.Linear(48, 1))
mse = nn.MSELoss()
opt = torch.optim.SGD(net.parameters(), lr=0.008, momentum=0.99)
for epoch in range(16):
    for inputs, height in loader:
        loss = mse(net(inputs), height)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        off = mse(net(x[2000:]), y[2000:]).item()
    print(f"epoch {epoch} loss {off:.3f} R2 {1 - off / y[2000:].var().item():.3f}")
