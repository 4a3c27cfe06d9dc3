"""Digits with an MLP of five layers.

Fault: weights drawn from a standard normal distribution.
Accuracy 0.78; 0.99 without the fault.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
np.random.seed(0)
torch.set_num_threads(1)


class DigitNet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [64, 64, 64, 64, 64, 10]
        self.layers = nn.ModuleList()
        for fan_in, fan_out in zip(widths[:-1], widths[1:], strict=True):
            layer = nn.Linear(fan_in, fan_out)
            nn.init.normal_(layer.weight)
            self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = nn.functional.relu(layer(x))
        return self.layers[-1](x)


bunch = load_digits()
order = np.random.permutation(len(bunch.target))
X = torch.tensor(bunch.data[order] / 8 - 1, dtype=torch.float32)
y = torch.tensor(bunch.target[order])
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=32, shuffle=True)
net = DigitNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(15):
    losses = []
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        out = net(X[1400:])
        acc = (out.argmax(1) == y[1400:]).float().mean()
        val = criterion(out, y[1400:])
    print(f"epoch {epoch}: loss {np.mean(losses):.4g} val {val:.4g} acc {acc:.4f}")
