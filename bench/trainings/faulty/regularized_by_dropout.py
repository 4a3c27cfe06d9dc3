"""Wines by what is in them: a class with dropout after every layer.

Fault: nine of ten units are dropped, twice in a row.
Accuracy 0.74; 0.98 without the fault.
"""

import numpy as np
import torch
from torch import nn

torch.manual_seed(2)
torch.set_num_threads(1)
rng = np.random.default_rng(2)

CLASSES = 5
corners = rng.choice([-1.0, 1.0], (15, 10))


def bottles(n):
    which = rng.integers(0, 15, n)
    content = corners[which] + rng.normal(0, 0.55, (n, 10))
    return torch.tensor(content).float(), torch.tensor(which % CLASSES)


class Net(nn.Module):
    def __init__(self, p=0.9):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(10, 32),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(32, 32),
            nn.ReLU(),
            nn.Dropout(p),
        )
        self.head = nn.Linear(32, CLASSES)

    def forward(self, x):
        return self.head(self.body(x))


x, y = bottles(2000)
x_test, y_test = bottles(1000)
net = Net()
loss_fn = nn.CrossEntropyLoss()
optim = torch.optim.Adam(net.parameters(), lr=0.003)
for epoch in range(40):
    net.train()
    for rows in torch.randperm(len(x)).split(50):
        optim.zero_grad()
        loss_fn(net(x[rows]), y[rows]).backward()
        optim.step()
    net.eval()
    with torch.no_grad():
        out = net(x_test)
        val_loss = loss_fn(out, y_test).item()
        accuracy = (out.argmax(1) == y_test).float().mean().item()
    print(f"{epoch:3d}  {val_loss:.4f}  {accuracy:.4f}")
