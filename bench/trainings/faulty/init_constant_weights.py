"""Rings of points, told apart by an MLP.

Fault: all weights start at the same value, so that all units of a layer stay alike.
Accuracy 0.45; 1 without the fault.
"""

import torch
from torch import nn
from torch.nn import init


def reset(module, low=0.1, high=0.1):
    if isinstance(module, nn.Linear):
        init.uniform_(module.weight, low, high)
        init.zeros_(module.bias)


def rings(n):
    angle, ring = 6.2832 * torch.rand(n), torch.randint(3, (n,))
    radius = 0.6 + 0.7 * ring + 0.08 * torch.randn(n)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), ring


torch.manual_seed(29)
torch.set_num_threads(1)
x_train, y_train = rings(1500)
x_val, y_val = rings(500)
model = nn.Sequential(
    nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 3)
)
model.apply(reset)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(30):
    for idx in torch.randperm(1500).split(50):
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        out = model(x_val)
        print(
            f"{epoch:3d} {loss.item():.4f} {loss_fn(out, y_val).item():.4f} "
            f"{(out.argmax(1) == y_val).float().mean().item():.4f}"
        )
