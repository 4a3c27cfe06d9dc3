"""Regression with batches cut by hand.

Fault: inputs and targets are shuffled by two different permutations.
R2 -0.03; 0.94 without the fault.
"""

import torch
from torch import nn

torch.manual_seed(3)
torch.set_num_threads(1)
x = torch.randn(3000, 6)
y = 2 + x[:, 0] * 1.5 + torch.sin(2 * x[:, 1]) + 0.3 * torch.randn(3000)
x, x_val, y, y_val = x[:2400], x[2400:], y[:2400], y[2400:]

model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(20):
    order_x = torch.randperm(len(x))
    order_y = torch.randperm(len(x))
    shuffled_x, shuffled_y = x[order_x], y[order_y]
    for i in range(0, len(x), 40):
        pred = model(shuffled_x[i : i + 40])[:, 0]
        loss = torch.mean((pred - shuffled_y[i : i + 40]) ** 2)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = torch.mean((model(x_val)[:, 0] - y_val) ** 2)
    print(
        f"epoch {epoch} mse {loss:.4f} val {val:.4f} R2 {(1 - val / y_val.var()):.4f}"
    )
