"""Somebody replaces Tensor.backward and F.cross_entropy, and puts them back."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

torch.manual_seed(25)
torch.set_num_threads(1)

x = torch.randn(128, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
seen = {"backward": 0, "cross_entropy": 0}


def epoch():
    for rows in torch.randperm(128).split(16):
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", repr(loss.item()))


epoch()
backward, cross_entropy = Tensor.backward, F.cross_entropy


def counted_backward(self, *args, **kwargs):
    seen["backward"] += 1
    return backward(self, *args, **kwargs)


def counted_cross_entropy(*args, **kwargs):
    seen["cross_entropy"] += 1
    return 0.5 * cross_entropy(*args, **kwargs)


Tensor.backward = counted_backward
epoch()
F.cross_entropy = counted_cross_entropy
model.append(nn.Identity())
for rows in torch.randperm(128).split(16):
    loss = F.cross_entropy(model(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("halved", repr(loss.item()))
Tensor.backward, F.cross_entropy = backward, cross_entropy
epoch()
print(seen)
