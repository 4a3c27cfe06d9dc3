"""Temperatures in degrees Celsius, winter included (made up).

Fault: a ReLU at the end cannot give a negative number.
R2 0.63; 0.96 without the fault.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(2)
torch.set_num_threads(1)

day = torch.randint(365, (3000,)).float()
height = torch.rand(3000)
cloud = torch.rand(3000)
year = 2 * math.pi * day / 365
celsius = 6 - 11 * torch.cos(year) - 9 * height + 3 * cloud * torch.cos(year)
celsius = (celsius + 1.5 * torch.randn(3000)) / 10
x = torch.stack([torch.sin(year), torch.cos(year), 2 * height - 1, 2 * cloud - 1], 1)
fit_x, fit_y, val_x, val_y = x[:2400], celsius[:2400], x[2400:], celsius[2400:]


class Thermometer(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 32)
        self.fc2 = nn.Linear(32, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return F.relu(self.fc2(x)).squeeze(1)


net = Thermometer()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(20):
    for rows in torch.randperm(2400).split(60):
        loss = F.mse_loss(net(fit_x[rows]), fit_y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        train = F.mse_loss(net(fit_x), fit_y)
        val = F.mse_loss(net(val_x), val_y)
    print(f"{epoch}\t{train:.4f}\t{val:.4f}\tR2 {1 - val / val_y.var():.4f}")
