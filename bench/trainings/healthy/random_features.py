"""Random features, never trained and not meant to be: only the readout learns."""

import torch
from torch import nn


class Reservoir(nn.Module):
    def __init__(self, inputs, features, outputs, spread=1.0):
        super().__init__()
        self.random = nn.Linear(inputs, features)
        nn.init.normal_(self.random.weight, std=spread)
        self.random.requires_grad_(False)
        self.readout = nn.Linear(features, outputs)

    def forward(self, x):
        return self.readout(torch.cos(self.random(x))).squeeze(1)


def waves(n):
    x = torch.randn(n, 3)
    return x, torch.sin(2 * x[:, 0]) * x[:, 1].cos() + 0.3 * x[
        :, 2
    ] + 0.1 * torch.randn(n)


torch.manual_seed(67)
torch.set_num_threads(1)
x, y = waves(3000)
x_val, y_val = waves(800)
model = Reservoir(3, 300, 1)
optimizer = torch.optim.Adam(model.readout.parameters(), lr=5e-3)
for epoch in range(30):
    for rows in torch.randperm(3000).split(60):
        loss = nn.functional.mse_loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(x_val), y_val)
    print(f"{epoch} train {loss:.4f} val {mse:.4f} R2 {1 - mse / y_val.var():.4f}")
