"""The adding problem, eight steps long, with a plain tanh RNN."""

import torch
from torch import nn

torch.manual_seed(5)
torch.set_num_threads(1)
LENGTH = 8


def sample(n):
    values = torch.rand(n, LENGTH)
    marks = torch.zeros(n, LENGTH)
    first = torch.randint(0, LENGTH // 2, (n, 1))
    second = torch.randint(LENGTH // 2, LENGTH, (n, 1))
    marks.scatter_(1, first, 1.0).scatter_(1, second, 1.0)
    return torch.stack([values, marks], -1), (values * marks).sum(1)


rnn = nn.RNN(2, 48, batch_first=True)
nn.init.orthogonal_(rnn.weight_hh_l0)
readout = nn.Linear(48, 1)
params = [*rnn.parameters(), *readout.parameters()]
optim = torch.optim.Adam(params, lr=4e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(optim, 2000)

x_val, y_val = sample(1000)
for step in range(1, 2001):
    x, y = sample(64)  # fresh data at every step
    _, h = rnn(x)
    err = readout(h[0])[:, 0] - y
    mse = (err**2).mean()
    optim.zero_grad()
    mse.backward()
    nn.utils.clip_grad_norm_(params, 1.0)
    optim.step()
    sched.step()
    if step % 250 == 0:
        with torch.no_grad():
            _, h = rnn(x_val)
            val = ((readout(h[0])[:, 0] - y_val) ** 2).mean()
        r2 = 1 - val / y_val.var()
        print(f"step {step}: train {mse:.4f}, val {val:.4f}, R2 {r2:.4f}")
