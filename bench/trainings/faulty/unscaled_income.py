"""Who pays back? Age, years employed, rate and income (made up).

Fault: income in whole units stands beside numbers around one.
Accuracy 0.49; 0.87 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(0)
torch.manual_seed(0)
torch.set_num_threads(1)

n = 4000
age = rng.normal(0, 1, n)
employed = rng.normal(0, 1, n)
rate = rng.normal(0, 1, n)
income = rng.lognormal(10.5, 0.5, n)
INCOME_UNIT = 1.0
score = 1.5 * age * employed - 1.5 * rate + 2 * np.log(income / 36000)
repaid = (score + rng.logistic(0, 0.5, n) > 0).astype(np.float32)
table = np.column_stack([age, employed, rate, income / INCOME_UNIT])
table = torch.tensor(table, dtype=torch.float32)
repaid = torch.tensor(repaid)
train_dl = DataLoader(TensorDataset(table[:3000], repaid[:3000]), 50, shuffle=True)

net = nn.Sequential(
    nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)
)
bce = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(15):
    net.train()
    losses = []
    for x, t in train_dl:
        loss = bce(net(x).squeeze(1), t)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        z = net(table[3000:]).squeeze(1)
        acc = ((z > 0) == (repaid[3000:] > 0.5)).float().mean()
        val = bce(z, repaid[3000:])
    print(f"epoch {epoch} train {np.mean(losses):.3f} val {val:.3f} acc {acc:.4f}")
