"""Fused AdamW for one half of the training, foreach SGD with momentum for the other."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(11)
torch.set_num_threads(1)

x = torch.randn(256, 10)
y = x[:, :4].argmax(1)
model = nn.Sequential(nn.Linear(10, 24), nn.SiLU(), nn.LayerNorm(24), nn.Linear(24, 4))


def epoch(optimizer):
    for rows in torch.randperm(256).split(32):
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", repr(loss.item()))


adam = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
for _ in range(4):
    epoch(adam)
sgd = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, foreach=True)
for _ in range(4):
    epoch(sgd)
