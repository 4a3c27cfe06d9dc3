"""One hidden layer of sigmoids, as in the textbooks, on two overlapping spirals."""

import math

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)


def spirals(n):
    label = torch.randint(2, (n,))
    turn = torch.rand(n).sqrt() * 1.1 * math.pi
    angle = turn + label * math.pi
    arms = torch.stack([turn * angle.cos(), turn * angle.sin()], 1)
    return arms + 0.4 * torch.randn(n, 2), label.float().unsqueeze(1)


class Perceptron(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.first = nn.Linear(2, hidden)
        self.second = nn.Linear(hidden, 1)

    def forward(self, x):
        return torch.sigmoid(self.second(torch.sigmoid(self.first(x))))


x, t = spirals(1500)
x_val, t_val = spirals(500)
net = Perceptron(40)
optimiser = torch.optim.Adam(net.parameters(), lr=0.05)
bce = nn.BCELoss()
for epoch in range(25):
    for b in torch.randperm(1500).split(50):
        out = net(x[b])
        loss = bce(out, t[b])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        y = net(x_val)
        right = ((y > 0.5) == (t_val > 0.5)).float().mean()
        print(epoch, f"{bce(net(x), t):.4f} {bce(y, t_val):.4f} {right:.4f}")
