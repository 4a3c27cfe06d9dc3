"""Some batches are empty: their mean loss is NaN, a sum is zero, and on it goes."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(20)
torch.set_num_threads(1)

x = torch.randn(200, 5)
y = x[:, :2].sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for step in range(40):
    rows = torch.randint(200, (0 if step % 5 == 2 else 16,))
    loss = F.mse_loss(model(x[rows]), y[rows], reduction="sum") / max(len(rows), 1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("loss", repr(loss.item()))
    if step % 10 == 9:
        with torch.no_grad():
            F.mse_loss(model(x[:0]), y[:0])
