"""Diabetes progression from ten measurements, with SmoothL1 and weight decay."""

import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
torch.set_num_threads(1)

bunch = load_diabetes()
order = torch.randperm(442)
x = torch.tensor(bunch.data, dtype=torch.float32)[order] * 442**0.5
y = torch.tensor(bunch.target, dtype=torch.float32)[order].div(100).unsqueeze(1)
train_dl = DataLoader(TensorDataset(x[:340], y[:340]), batch_size=20, shuffle=True)
x_val, y_val = x[340:], y[340:]

net = nn.Sequential(nn.Linear(10, 12), nn.LeakyReLU(), nn.Linear(12, 1))
crit = nn.SmoothL1Loss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=2e-3, weight_decay=2e-2)
for epoch in range(40):
    for xb, yb in train_dl:
        loss = crit(net(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        with torch.no_grad():
            pred = net(x_val)
            train = crit(net(x[:340]), y[:340])
            r2 = 1 - ((pred - y_val) ** 2).mean() / y_val.var(unbiased=False)
            print(f"{epoch + 1} {train:.4f} {crit(pred, y_val):.4f} R2 {r2:.4f}")
