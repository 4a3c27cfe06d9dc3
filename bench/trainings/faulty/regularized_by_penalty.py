"""Strength of concrete (made up): absolute weights are added to the loss by hand.

Fault: the penalty is worth more than the errors, so that errors stay.
R2 0.6; 0.97 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(4)
torch.set_num_threads(1)
rng = np.random.default_rng(4)
mix = rng.uniform(-1, 1, (2400, 8))
strength = 2 * mix[:, 0] - mix[:, 1] + 2 * mix[:, 2] * mix[:, 3] + np.cos(3 * mix[:, 4])
strength = (strength - strength.mean()) / strength.std() + rng.normal(0, 0.15, 2400)
data = TensorDataset(torch.tensor(mix).float(), torch.tensor(strength).float()[:, None])
train_set, val_set = random_split(data, [1900, 500])

L1 = 0.012
model = nn.Sequential(nn.Linear(8, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU())
model.append(nn.Linear(48, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
loader = DataLoader(train_set, batch_size=50, shuffle=True)
for epoch in range(25):
    for inputs, wanted in loader:
        error = nn.functional.mse_loss(model(inputs), wanted)
        penalty = sum(p.abs().sum() for p in model.parameters())
        optimizer.zero_grad()
        (error + L1 * penalty).backward()
        optimizer.step()
    with torch.no_grad():
        inputs, wanted = val_set[:]
        error = nn.functional.mse_loss(model(inputs), wanted).item()
    print("epoch", epoch, "R2", round(1 - error / wanted.var().item(), 3))
