"""A committee of units learns from another one (made up). A weak form.

Fault: all units begin nearly alike, and stay alike for most of the run.
R2 0.96; 0.99 without the fault.
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("--spread", type=float, default=0.001)
p.add_argument("--rate", type=float, default=0.03)
p.add_argument("--steps", type=int, default=680)
a = p.parse_args()

torch.manual_seed(1)
torch.set_num_threads(1)
INPUTS, UNITS = 20, 3
teacher = torch.linalg.qr(torch.randn(INPUTS, UNITS))[0].T * INPUTS**0.5


def draw(n):
    x = torch.randn(n, INPUTS)
    return x, torch.erf(x @ teacher.T / INPUTS**0.5).sum(1)


class Committee(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(INPUTS, UNITS, bias=False)
        common = torch.randn(1, INPUTS) * 0.1
        with torch.no_grad():
            self.hidden.weight.copy_(common + a.spread * torch.randn(UNITS, INPUTS))

    def forward(self, x):
        return torch.erf(self.hidden(x)).sum(1)


student = Committee()
sgd = torch.optim.SGD(student.parameters(), lr=a.rate)
x_val, y_val = draw(2000)
for step in range(1, a.steps + 1):
    x, y = draw(64)
    loss = F.mse_loss(student(x), y)
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    if step % 50 == 0:
        with torch.no_grad():
            val = F.mse_loss(student(x_val), y_val)
        print(f"{step:5d} {loss:.4f} R2 {1 - val.item() / y_val.var().item():.3f}")
