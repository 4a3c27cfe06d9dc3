"""Exceptions in forward, in backward, in the loss and in a step, caught; on it goes."""

import torch
import torch.nn.functional as F
from torch import nn


class Shaky(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
        self.first, self.last = nn.Linear(6, 16), nn.Linear(16, 3)

    def forward(self, x):
        hidden = torch.relu(self.first(x))
        self.calls += 1
        if self.calls % 7 == 3:
            raise RuntimeError("out of luck")
        return self.last(hidden)


class Refuses(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise ArithmeticError("no way back")


def main():
    torch.manual_seed(21)
    torch.set_num_threads(1)
    x = torch.randn(240, 6)
    y = x[:, :3].argmax(1)
    model = Shaky()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step, rows in enumerate(torch.arange(240).repeat(3).split(16)):
        optimizer.zero_grad()
        try:
            scores = model(x[rows])
            if step % 9 == 4:
                F.cross_entropy(scores, y[rows][:-1])  # a wrong shape
            if step % 9 == 8:
                scores = Refuses.apply(scores)
            loss = F.cross_entropy(scores, y[rows])
            loss.backward()
            if step % 9 == 6:
                optimizer.step("not a closure")
        except (RuntimeError, ValueError, ArithmeticError, TypeError) as error:
            print("caught", type(error).__name__)
            continue
        optimizer.step()
        print("loss", repr(loss.item()))


if __name__ == "__main__":
    main()
