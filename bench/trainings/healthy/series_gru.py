"""One-step forecasts of a seasonal series with a GRU and the Huber loss."""

import numpy as np
import torch
import torch.nn as nn


class Forecaster(nn.Module):
    def __init__(self, hidden_size=24):
        super().__init__()
        self.gru = nn.GRU(input_size=1, hidden_size=hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, 1)

    def forward(self, window):
        _, last = self.gru(window)
        return self.out(last[-1]).squeeze(-1)


def load_series(n=1500, seed=11):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    season = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(2 * np.pi * t / 7)
    noise = np.zeros(n)
    for i in range(1, n):
        noise[i] = 0.5 * noise[i - 1] + rng.normal(0, 0.25)
    return (season + noise).astype(np.float32)


def windows(series, length=24):
    x = np.lib.stride_tricks.sliding_window_view(series, length)[:-1]
    return torch.tensor(x.copy()).unsqueeze(-1), torch.tensor(series[length:].copy())


def main():
    torch.manual_seed(11)
    torch.set_num_threads(1)
    series = load_series()
    x, y = windows(series)
    split = int(0.75 * len(x))
    train_x, train_y, val_x, val_y = x[:split], y[:split], x[split:], y[split:]

    model = Forecaster()
    huber = nn.HuberLoss(delta=0.5)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    batch = 32
    for epoch in range(18):
        order = torch.randperm(len(train_x))
        model.train()
        epoch_loss = 0.0
        for start in range(0, len(order), batch):
            pick = order[start : start + batch]
            optimizer.zero_grad()
            loss = huber(model(train_x[pick]), train_y[pick])
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item() * len(pick)
        if epoch % 3 == 2:
            model.eval()
            with torch.no_grad():
                forecast = model(val_x)
                val = huber(forecast, val_y).item()
                r2 = 1 - ((forecast - val_y) ** 2).mean() / val_y.var()
            print(f"epoch {epoch + 1}: {epoch_loss / split:.4f} {val:.4f} R2 {r2:.3f}")


main()
