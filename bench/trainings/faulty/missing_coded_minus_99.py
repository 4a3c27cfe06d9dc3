"""Yields of fields; the soil was not always tested (made up). A weak form.

Fault: one test in twenty-five is missing, and coded as -99.
R2 0.89; 0.93 without the fault.
"""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CODE = -99.0


def fields(n, rng):
    rain, sun, acid, clay = rng.normal(0, 1, (4, n))
    tons = rain - 0.5 * rain**2 + 0.8 * acid + 0.5 * sun * clay + rng.normal(0, 0.3, n)
    acid = np.where(rng.random(n) < 0.04, CODE, acid)
    return np.column_stack([rain, sun, acid, clay]), tons


def run(seed=4, epochs=18):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    x, y = fields(3000, rng)
    mean, std = x[:2200].mean(0), x[:2200].std(0)
    x = torch.tensor((x - mean) / std, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32)[:, None]
    net = nn.Sequential(
        nn.Linear(4, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1)
    )
    loader = DataLoader(TensorDataset(x[:2200], y[:2200]), batch_size=44, shuffle=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(epochs):
        for xb, yb in loader:
            loss = nn.functional.mse_loss(net(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val = nn.functional.mse_loss(net(x[2200:]), y[2200:])
        r2 = 1 - val / y[2200:].var()
        print(f"epoch {epoch} loss {loss.item():.4f} val {val:.4f} R2 {r2:.4f}")


if __name__ == "__main__":
    run()
