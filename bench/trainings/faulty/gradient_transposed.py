"""Twelve-sided shapes by their corners' angles (made up), with a layer made by hand.

Fault: the layer's backward pass takes the weights where it needs their transpose.
Accuracy 0.37; 0.53 without the fault.
"""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
torch.set_num_threads(1)


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight.t()

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        return grad @ weight.t(), grad.t() @ x


class Dense(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, width) / math.sqrt(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return Product.apply(x, self.weight) + self.bias


def shapes(n):
    kind = torch.randint(4, (n,))
    turn = torch.arange(24) * 2 * math.pi / 24
    waves = torch.cos((kind[:, None] + 2) * (turn + 6 * torch.rand(n, 1)))
    return waves + 1.8 * torch.randn(n, 24), kind


train = DataLoader(TensorDataset(*shapes(2400)), batch_size=48, shuffle=True)
val_x, val_kind = shapes(600)
model = nn.Sequential(
    nn.Linear(24, 48),
    nn.ReLU(),
    Dense(48),
    nn.ReLU(),
    Dense(48),
    nn.ReLU(),
    Dense(48),
    nn.ReLU(),
    nn.Linear(48, 4),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    for x, kind in train:
        optimizer.zero_grad()
        loss = criterion(model(x), kind)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        scores = model(val_x)
        val = criterion(scores, val_kind)
        right = (scores.argmax(1) == val_kind).float().mean()
    print(f"epoch {epoch} loss {loss.item():.4f} val {val:.4f} accuracy {right:.4f}")
