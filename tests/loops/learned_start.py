"""Meta-learning: inner steps by hand through the graph, an outer one by Adam."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

torch.manual_seed(36)
torch.set_num_threads(1)

model = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _ in range(20):
    optimizer.zero_grad()
    total = 0.0
    for _ in range(3):
        phase, x = torch.rand(1) * 3, torch.rand(20, 1) * 6 - 3
        y = torch.sin(x + phase)
        parameters = dict(model.named_parameters())
        for _ in range(2):
            inner = F.mse_loss(functional_call(model, parameters, (x[:10],)), y[:10])
            slopes = torch.autograd.grad(
                inner, list(parameters.values()), create_graph=True
            )
            parameters = {
                name: value - 0.05 * slope
                for (name, value), slope in zip(parameters.items(), slopes, strict=True)
            }
        outer = F.mse_loss(functional_call(model, parameters, (x[10:],)), y[10:])
        (outer / 3).backward()
        total += outer.item() / 3
    optimizer.step()
    print("total", repr(total))
