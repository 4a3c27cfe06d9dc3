"""Several backward passes over one graph, with retain_graph; gradients weighed."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(27)
torch.set_num_threads(1)

x = torch.randn(128, 6)
y, z = x[:, :3].argmax(1), x[:, 3:4] * x[:, 4:5]
trunk = nn.Sequential(nn.Linear(6, 16), nn.Tanh())
kinds, size = nn.Linear(16, 3), nn.Linear(16, 1)
everything = nn.ModuleList([trunk, kinds, size])
optimizer = torch.optim.Adam(everything.parameters(), lr=5e-3)
for _ in range(6):
    for rows in torch.randperm(128).split(16):
        hidden = trunk(x[rows])
        first = F.cross_entropy(kinds(hidden), y[rows])
        second = F.mse_loss(size(hidden), z[rows])
        optimizer.zero_grad()
        first.backward(retain_graph=True)
        apart = trunk[0].weight.grad.norm()
        second.backward(retain_graph=True)
        (0.1 * hidden.pow(2).mean()).backward()
        optimizer.step()
        print(repr(first.item()), repr(second.item()), repr(apart.item()))
