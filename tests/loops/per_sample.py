"""torch.func: a functional model, per-sample gradients by vmap, clipped, with noise."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad_and_value, vmap

torch.manual_seed(17)
torch.set_num_threads(1)

x = torch.randn(128, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)


def loss_of(parameters, row, target):
    scores = functional_call(model, parameters, (row.unsqueeze(0),))
    return F.cross_entropy(scores, target.unsqueeze(0))


each = vmap(grad_and_value(loss_of), in_dims=(None, 0, 0))
for _ in range(5):
    for rows in torch.randperm(128).split(16):
        parameters = {n: p.detach() for n, p in model.named_parameters()}
        gradients, losses = each(parameters, x[rows], y[rows])
        norms = torch.stack(
            [g.flatten(1).norm(dim=1) for g in gradients.values()]
        ).norm(dim=0)
        share = (1.0 / norms).clamp(max=1.0)
        for name, parameter in model.named_parameters():
            clipped = torch.einsum("i,i...->...", share, gradients[name]) / len(rows)
            parameter.grad = clipped + 0.01 * torch.randn_like(clipped)
        optimizer.step()
        print("mean", repr(losses.mean().item()))
