"""Peaks of a surface, with an exponential moving average of the weights."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset


def surface(x):
    a, b = x[:, :1], x[:, 1:]
    hill = torch.exp(-((a - 0.5) ** 2 + (b + 0.5) ** 2) * 2)
    return hill - torch.exp(-((a + 0.5) ** 2 + (b - 0.5) ** 2) * 3) + 0.3 * a * b


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(12)
    x = torch.rand(2400, 2) * 4 - 2
    y = surface(x) + 0.05 * torch.randn(2400, 1)
    train = TensorDataset(x[:2000], y[:2000])
    x_val, y_val = x[2000:], y[2000:]

    model = nn.Sequential(
        nn.Linear(2, 64), nn.Mish(), nn.Linear(64, 64), nn.Mish(), nn.Linear(64, 1)
    )
    ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.98))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(30):
        for xb, yb in DataLoader(train, 50, shuffle=True):
            loss = nn.functional.mse_loss(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            ema.update_parameters(model)
        ema.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(ema(x_val), y_val)
        r2 = 1 - val / y_val.var()
        print(f"epoch {epoch:>3}: train {loss:.5f} ema val {val:.5f} R2 {r2:.4f}")
