"""Optimizers of strangers: one that wraps another, and one that is all their own."""

import torch
import torch.nn.functional as F
from torch import nn


class Lookahead(torch.optim.Optimizer):
    """Slow weights that follow those of another optimizer."""

    def __init__(self, inner, every=5, share=0.5):
        self.inner, self.every, self.share = inner, every, share
        self.count = 0
        super().__init__([p for g in inner.param_groups for p in g["params"]], {})
        self.param_groups = inner.param_groups
        self.slow = [p.detach().clone() for g in self.param_groups for p in g["params"]]

    def step(self, closure=None):
        loss = self.inner.step(closure)
        self.count += 1
        if self.count % self.every == 0:
            parameters = [p for g in self.param_groups for p in g["params"]]
            for slow, p in zip(self.slow, parameters, strict=True):
                slow.add_(p.detach() - slow, alpha=self.share)
                p.data.copy_(slow)
        return loss


class SignSGD(torch.optim.Optimizer):
    def __init__(self, params, rate):
        super().__init__(params, {"rate": rate})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad.sign(), alpha=-group["rate"])


def train(make):
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = make(model)
    for _ in range(5):
        for rows in torch.randperm(128).split(16):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


torch.manual_seed(32)
torch.set_num_threads(1)
x = torch.randn(128, 6)
y = x[:, :3].argmax(1)
train(lambda model: Lookahead(torch.optim.SGD(model.parameters(), lr=0.1)))
train(lambda model: SignSGD(model.parameters(), 1e-3))
