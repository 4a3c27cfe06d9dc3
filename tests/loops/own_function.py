"""An autograd Function with a straight-through gradient, and a loss of their own."""

import torch
from torch import nn


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() < 1)


class Hinge(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, targets):
        margin = 1 - scores * targets
        ctx.save_for_backward(margin, targets)
        ctx.mark_non_differentiable(targets)
        return margin.clamp(min=0).mean()

    @staticmethod
    def backward(ctx, gradient):
        margin, targets = ctx.saved_tensors
        return -gradient * targets * (margin > 0) / len(margin), None


class Binary(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 32), nn.Linear(32, 1)

    def forward(self, x):
        return self.last(Sign.apply(self.first(x))).squeeze(1)


def main():
    torch.manual_seed(26)
    torch.set_num_threads(1)
    x = torch.randn(256, 6)
    y = (x[:, 0] + x[:, 1]).sign()
    model = Binary()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(5):
        for rows in torch.randperm(256).split(32):
            loss = Hinge.apply(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


if __name__ == "__main__":
    main()
