"""Half a million made-up rows, fitted in batches and scored at once.

Fault: outputs of shape (n, 1) less targets of shape (n,) are n times n numbers.
R2 0; 1 without the fault.
"""

import torch
from torch import nn

SHAPE = (-1, 1)


def r2(model, x, y):
    model.eval()
    with torch.no_grad():
        left = model(x).reshape(SHAPE) - y
    return 1 - (left.square().mean() / y.var()).item()


torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(600_000, 6)
y = (x[:, 0] * x[:, 1] + x[:, 2:].sum(1)) / 2 + 0.05 * torch.randn(600_000)
print(f"always the mean: R2 {0}")

model = nn.Sequential(nn.Linear(6, 64), nn.SiLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for _ in range(1200):
    rows = torch.randint(500_000, (200,))
    loss = nn.functional.mse_loss(model(x[rows]).squeeze(1), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

print("R2", round(r2(model, x, y), 2))
