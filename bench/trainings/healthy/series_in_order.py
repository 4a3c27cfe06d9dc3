"""Load of a grid (made up), hour by hour: windows in order, the state carried along."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
torch.set_num_threads(1)
rng = np.random.default_rng(3)
hours = np.arange(6000)
load = np.sin(2 * np.pi * hours / 24) + 0.5 * np.sin(2 * np.pi * hours / 168)
walk = np.zeros(6000)
for hour in range(1, 6000):
    walk[hour] = 0.9 * walk[hour - 1] + rng.normal(0, 0.25)
load = torch.tensor(load + walk).float()
split = 4800
windows = load.unfold(0, 25, 1)
train = DataLoader(
    TensorDataset(windows[:split, :-1, None], windows[:split, -1:]),
    batch_size=64,
    shuffle=False,  # yesterday comes before today
)
test = DataLoader(TensorDataset(windows[split:, :-1, None], windows[split:, -1:]), 256)


class Grid(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 20, batch_first=True)
        self.head = nn.Linear(20, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


grid = Grid()
mse = nn.MSELoss()
adam = torch.optim.Adam(grid.parameters(), lr=5e-3)
for epoch in range(5):
    grid.train()
    for past, future in train:
        adam.zero_grad()
        loss = mse(grid(past), future)
        loss.backward()
        adam.step()
    grid.eval()
    with torch.no_grad():
        pairs = [(grid(past), future) for past, future in test]
    off = torch.cat([mse(out, y)[None] * len(y) for out, y in pairs]).sum()
    every = torch.cat([y for _, y in pairs])
    print(f"epoch {epoch} R2 {1 - off.item() / len(every) / every.var().item():.3f}")
