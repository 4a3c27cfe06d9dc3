"""The next value of a noisy oscillation from the sixteen before it: an LSTM.

Fault: the gradients are set to zero between the backward pass and the step.
R2 -0.04; 0.93 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.linear = nn.Linear(16, 1)

    def forward(self, window):
        out, _ = self.lstm(window.unsqueeze(-1))
        return self.linear(out[:, -1]).squeeze(-1)


def windows(series, size=16):
    x = series.unfold(0, size, 1)[:-1]
    return TensorDataset(x, series[size:])


def step(optimizer, loss):
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()


torch.manual_seed(12)
torch.set_num_threads(1)
t = torch.arange(1600.0)
series = torch.sin(t / 3) + 0.5 * torch.sin(t / 7.3) + 0.15 * torch.randn(1600)
train = DataLoader(windows(series[:1200]), batch_size=32, shuffle=True)
held_back = windows(series[1200:])
model, mse = Forecaster(), nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    for x, y in train:
        step(optimizer, mse(model(x), y))
    with torch.no_grad():
        x, y = held_back.tensors
        error = mse(model(x), y)
    print(f"epoch {epoch + 1}: mse {error:.4f}, R2 {1 - error / y.var():.4f}")
