"""The yield of a field by soil and weather (made up), under a loss made by hand.

Fault: the loss's backward pass differentiates once too often.
R2 -16; 0.97 without the fault.
"""

import torch
from torch import nn

torch.manual_seed(1)
torch.set_num_threads(1)


class LogCosh(torch.autograd.Function):
    """The mean of log cosh: squares near zero, absolute values far away."""

    @staticmethod
    def forward(ctx, outputs, targets):
        error = outputs - targets
        ctx.save_for_backward(error)
        return (error + nn.functional.softplus(-2 * error)).mean() - 0.6931

    @staticmethod
    def backward(ctx, grad):
        (error,) = ctx.saved_tensors
        return grad * (1 - torch.tanh(error) ** 2) / error.numel(), None


def fields(n):
    x = torch.rand(n, 6) * 2 - 1
    rain, sun, acid = x[:, 0], x[:, 1], x[:, 2]
    crop = 1.5 * rain + sun - rain * sun - 1.2 * acid**2 + 0.5 * x[:, 3]
    return x, crop + 0.2 * torch.randn(n)


def main():
    x, crop = fields(2000)
    val_x, val_crop = fields(500)
    net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(20):
        for rows in torch.randperm(len(x)).split(50):
            optimizer.zero_grad()
            loss = LogCosh.apply(net(x[rows]), crop[rows])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val = ((net(val_x) - val_crop) ** 2).mean() / val_crop.var()
        print(f"{epoch:2d} loss {loss.item():.4f} R2 {1 - val.item():.4f}")


if __name__ == "__main__":
    main()
