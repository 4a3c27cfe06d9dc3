"""A smooth curve through 200 noisy points, fitted by L-BFGS with a closure."""

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

x = torch.rand(280, 1) * 6 - 3
y = torch.sin(2 * x) * torch.exp(-0.1 * x**2) + 0.1 * torch.randn(280, 1)
x_fit, y_fit, x_new, y_new = x[:200], y[:200], x[200:], y[200:]

net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.LBFGS(
    net.parameters(), lr=1.0, max_iter=8, line_search_fn="strong_wolfe"
)
decay = 1e-4


def closure():
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x_fit), y_fit)
    penalty = sum((p**2).sum() for p in net.parameters())
    (loss + decay * penalty).backward()
    return loss


for it in range(14):
    loss = optimizer.step(closure)
    if it % 2 == 1:
        with torch.no_grad():
            new = nn.functional.mse_loss(net(x_new), y_new)
        print(
            f"{it + 1}: fit {loss:.5f}, new {new:.5f}, R2 {1 - new / y_new.var():.4f}"
        )
