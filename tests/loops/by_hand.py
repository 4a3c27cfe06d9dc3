"""SGD by hand on a module, without any optimizer."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(29)
torch.set_num_threads(1)

x = torch.randn(256, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
for _ in range(6):
    for rows in torch.randperm(192).split(32):
        loss = F.cross_entropy(model(x[rows]), y[rows])
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.sub_(0.1 * parameter.grad)
        print("loss", repr(loss.item()))
    with torch.no_grad():
        print("validation", repr(F.cross_entropy(model(x[192:]), y[192:]).item()))
