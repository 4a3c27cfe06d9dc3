"""Dropout kept on for predictions: thirty passes averaged, and their spread told."""

import torch
from sklearn.datasets import load_diabetes
from torch import nn

PASSES = 30


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(10, 64), nn.ReLU(), nn.Dropout(0.15), nn.Linear(64, 1)
        )

    def forward(self, x):
        return self.body(x).squeeze(1)


def sample(model, x):
    model.train()  # Gal and Ghahramani (2016)
    with torch.no_grad():
        draws = torch.stack([model(x) for _ in range(PASSES)])
    return draws.mean(0), draws.std(0)


torch.manual_seed(53)
torch.set_num_threads(1)
data = load_diabetes()
x = torch.tensor(data.data / data.data.std(0), dtype=torch.float32)
y = torch.tensor((data.target - data.target.mean()) / data.target.std()).float()
order = torch.randperm(len(y))
x, y = x[order], y[order]
x_train, y_train, x_val, y_val = x[:320], y[:320], x[320:], y[320:]

model = Net()
mse = nn.MSELoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
for epoch in range(12):
    model.train()
    for rows in torch.randperm(len(y_train)).split(16):
        optimizer.zero_grad()
        mse(model(x_train[rows]), y_train[rows]).backward()
        optimizer.step()
    mean, spread = sample(model, x_val)
    error = mse(mean, y_val)
    r2 = 1 - error / y_val.var(correction=0)
    print(f"{epoch:2d} spread {spread.mean():.3f} mse {error:.4f} R2 {r2:.4f}")
