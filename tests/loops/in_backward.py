"""An optimizer a parameter, which steps within backward and frees its gradient."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(33)
torch.set_num_threads(1)

x = torch.randn(192, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
optimizers = {p: torch.optim.AdamW([p], lr=5e-3) for p in model.parameters()}


def step(parameter):
    optimizers[parameter].step()
    optimizers[parameter].zero_grad()


for parameter in model.parameters():
    parameter.register_post_accumulate_grad_hook(step)
for _ in range(6):
    for rows in torch.randperm(192).split(32):
        loss = F.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        print("loss", repr(loss.item()))
