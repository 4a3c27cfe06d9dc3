"""torch.autograd.backward and torch.autograd.grad, called directly; a penalty."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(28)
torch.set_num_threads(1)

x = torch.randn(128, 4)
y = x.prod(1, keepdim=True)
model = nn.Sequential(nn.Linear(4, 24), nn.Softplus(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(6):
    for rows in torch.randperm(128).split(16):
        inputs = x[rows].requires_grad_()
        outputs = model(inputs)
        loss = F.mse_loss(outputs, y[rows])
        optimizer.zero_grad()
        if epoch % 2:
            (slope,) = torch.autograd.grad(outputs.sum(), inputs, create_graph=True)
            penalty = 0.01 * slope.pow(2).mean()
            torch.autograd.backward([loss, penalty])
        else:
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                parameter.grad = gradient
        optimizer.step()
        print("loss", repr(loss.item()))
