"""The model grows, is frozen in part, gets another optimizer: all in mid-run."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(22)
torch.set_num_threads(1)

x = torch.randn(256, 8)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def epochs(count):
    for _ in range(count):
        for rows in torch.randperm(256).split(32):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


epochs(2)
model.insert(2, nn.Linear(16, 16))  # a layer that the optimizer knows not of
epochs(1)
optimizer.add_param_group({"params": model[2].parameters(), "lr": 0.01})
epochs(1)
model[0].requires_grad_(False)
epochs(1)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
epochs(2)
model[0].requires_grad_(True)
model[3] = nn.Sigmoid()
model.append(nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
epochs(2)
