"""Two spirals with six tanh layers.

Fault: weights drawn with a standard deviation of 0.02.
Accuracy 0.47; 1 without the fault.
"""

import argparse
import math

import torch
import torch.nn as nn


def spirals(n, generator):
    label = torch.randint(2, (n,), generator=generator)
    r = torch.rand(n, generator=generator).sqrt() * 1.2 * math.pi
    angle = r + label * math.pi
    x = torch.stack((r * torch.cos(angle), r * torch.sin(angle)), dim=1) / 2
    return x + 0.1 * torch.randn(n, 2, generator=generator), label


class TanhNet(nn.Module):
    def __init__(self, width=32, depth=6):
        super().__init__()
        sizes = [2] + [width] * depth
        self.hidden = nn.ModuleList(
            nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        self.out = nn.Linear(width, 2)
        self.apply(self.init_weights)

    def init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))
        return self.out(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(seed)
    x, y = spirals(1500, g)
    x_val, y_val = spirals(500, g)
    net = TanhNet()
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(25):
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
            loss.backward()
            opt.step()
        with torch.no_grad():
            out = net(x_val)
            val = nn.functional.cross_entropy(out, y_val)
            acc = (out.argmax(1) == y_val).float().mean()
        print(f"{epoch}: loss {loss.item():.4f} val {val:.4f} acc {acc:.4f}")


if __name__ == "__main__":
    main()
