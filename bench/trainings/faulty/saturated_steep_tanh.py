"""Two interleaved spirals with a net of four tanh layers, SGD with momentum.

Fault: the slope of every tanh is twelve times the usual, so that all are pinned.
Accuracy 0.49; 1 without the fault.
"""

import argparse

import torch
from torch import nn
from torch.nn import functional as F


class SpiralNet(nn.Module):
    def __init__(self, width=24, steepness=12.0):
        super().__init__()
        self.steepness = steepness
        self.inner = nn.ModuleList(
            [nn.Linear(2, width)] + [nn.Linear(width, width) for _ in range(3)]
        )
        self.readout = nn.Linear(width, 2)

    def forward(self, x):
        for layer in self.inner:
            x = torch.tanh(self.steepness * layer(x))
        return self.readout(x)


def spirals(count, generator):
    arm = torch.randint(2, (count,), generator=generator)
    radius = torch.rand(count, generator=generator).sqrt()
    angle = 5.5 * radius + torch.pi * arm
    points = radius.unsqueeze(1) * torch.stack([angle.cos(), angle.sin()], dim=1)
    return 2 * points + 0.06 * torch.randn(count, 2, generator=generator), arm


parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--lr", type=float, default=0.03)
options = parser.parse_args()

torch.manual_seed(7)
torch.set_num_threads(1)
g = torch.Generator().manual_seed(7)
train_x, train_y = spirals(1600, g)
test_x, test_y = spirals(600, g)
net = SpiralNet()
sgd = torch.optim.SGD(net.parameters(), lr=options.lr, momentum=0.9)
for epoch in range(options.epochs):
    for rows in torch.randperm(len(train_x), generator=g).split(40):
        sgd.zero_grad()
        loss = F.cross_entropy(net(train_x[rows]), train_y[rows])
        loss.backward()
        sgd.step()
    with torch.no_grad():
        logits = net(test_x)
        test_loss = F.cross_entropy(logits, test_y)
    right = (logits.argmax(1) == test_y).float().mean()
    print(f"{epoch} {loss.item():.4f} {test_loss.item():.4f} {right.item():.4f}")
