"""Noise of a wing (made up): an MLP with a penalty on its weights, written by hand.

Fault: the penalty is subtracted, and the weights grow without end.
R2 0.18; 0.91 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
torch.set_num_threads(1)
rng = np.random.default_rng(5)
x = rng.normal(size=(2500, 6))
y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3] + rng.normal(0, 0.3, 2500)
x, y = torch.tensor(x).float(), torch.tensor(y / y.std()).float()
loader = DataLoader(TensorDataset(x[:2000], y[:2000]), 40, shuffle=True)

wing = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
wing.append(nn.Linear(64, 1))
opt = torch.optim.SGD(wing.parameters(), lr=0.02, momentum=0.9)
PENALTY = 0.012


def squared(parameters):
    return sum((p**2).sum() for p in parameters)


for epoch in range(11):
    for inputs, noise in loader:
        error = nn.functional.mse_loss(wing(inputs).squeeze(-1), noise)
        loss = error - PENALTY * squared(wing.parameters())
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        error = nn.functional.mse_loss(wing(x[2000:]).squeeze(-1), y[2000:]).item()
    print(f"epoch {epoch} error {error:.4f} R2 {1 - error / y[2000:].var().item():.3f}")
