"""Regression on measurements of which a few are wildly off.

Fault: squared error without clipping, so that one bad row undoes a hundred steps.
R2 0; 0.97 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
torch.set_num_threads(1)

x = torch.randn(4000, 5)
clean = torch.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3]
y = clean + 0.2 * torch.randn(4000)
off = torch.rand(4000) < 0.004
y[off] += torch.randn(int(off.sum())) * 400
train = TensorDataset(x[:3000], y[:3000])
x_val, y_val = x[3000:], clean[3000:]

MAX_NORM = float("inf")
model = nn.Sequential(
    nn.Linear(5, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for epoch in range(20):
    for xb, yb in DataLoader(train, batch_size=30, shuffle=True):
        optimizer.zero_grad()
        loss = ((model(xb).squeeze(1) - yb) ** 2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimizer.step()
    with torch.no_grad():
        error = (model(x_val).squeeze(1) - y_val).pow(2).mean()
    print(f"epoch {epoch} last loss {loss.item():.3f} R2 {1 - error / y_val.var():.4f}")
