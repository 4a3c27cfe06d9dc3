"""Daily demand from the time of day, the price and the date (made up).

Fault: the date goes in as seconds since 1970.
R2 -59; 0.97 without the fault.
"""

import argparse
import math

import torch
from torch import nn


def demand_table(n, generator):
    seconds = 1.7e9 + torch.rand(n, generator=generator) * 86400 * 90
    hour = torch.rand(n, generator=generator) * 24
    price = torch.randn(n, generator=generator)
    angle = hour / 24 * 2 * math.pi
    trend = (seconds - 1.7e9) / (86400 * 90)
    demand = torch.sin(angle) * (1 + 0.5 * price) - 0.7 * price + trend
    demand = demand + 0.2 * torch.randn(n, generator=generator)
    return torch.stack([torch.sin(angle), torch.cos(angle), price, seconds], 1), demand


def prepare(x, scaled=False):
    if scaled:
        x = torch.cat([x[:, :3], (x[:, 3:] - 1.7e9) / (86400 * 90)], dim=1)
    return x


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(args.seed)
    (x, y), (x_val, y_val) = demand_table(3000, g), demand_table(800, g)
    x, x_val = prepare(x), prepare(x_val)
    model = nn.Sequential(
        nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(args.epochs):
        for idx in torch.randperm(len(x)).split(60):
            loss = nn.functional.mse_loss(model(x[idx]).squeeze(1), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val = nn.functional.mse_loss(model(x_val).squeeze(1), y_val)
        r2 = 1 - val / y_val.var()
        print(f"epoch {epoch}: loss {loss.item():.5g} val {val:.5g} R2 {r2:.4f}")


if __name__ == "__main__":
    main()
