"""Half of the training; then a fork, whose child trains on its own; the other half."""

import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(41)
torch.set_num_threads(1)

x = torch.randn(64, 4)
y = x.sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)


def train(word):
    for _ in range(20):
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(word, repr(loss.item()), flush=True)


train("loss")
child = os.fork()
if child == 0:
    train("child's")
    os._exit(7)
print("child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
train("loss")
