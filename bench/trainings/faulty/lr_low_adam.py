"""A bump on the plane, regression with Adam.

Fault: a learning rate of 1e-6.
R2 0.04; 0.99 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
torch.set_num_threads(1)
x = torch.rand(2000, 2) * 2 - 1
y = torch.exp(-4 * (x**2).sum(1, keepdim=True)) + x[:, :1] + 0.05 * torch.randn(2000, 1)
train, val = TensorDataset(x[:1600], y[:1600]), TensorDataset(x[1600:], y[1600:])
train_loader = DataLoader(train, batch_size=32, shuffle=True)
val_loader = DataLoader(val, batch_size=400)

model = nn.Sequential(
    nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
)
mse = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-6)
for epoch in range(20):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = mse(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        xb, yb = next(iter(val_loader))
        val_loss = mse(model(xb), yb)
    print(f"epoch {epoch} val {val_loss:.4f} R2 {(1 - val_loss / yb.var()).item():.4f}")
