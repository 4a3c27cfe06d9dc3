"""Energy use of buildings from eight measurements (made up). A weak form.

Fault: it stops while the loss still falls fast.
R2 0.8; 0.96 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(5)
torch.manual_seed(5)
torch.set_num_threads(1)

n = 2500
X = np.random.uniform(-1, 1, (n, 8))
y = (
    2 * X[:, 0] * X[:, 1]
    + np.sin(3 * X[:, 2])
    + (X[:, 3] > 0) * X[:, 4]
    + 0.1 * np.random.randn(n)
)
X, y = torch.FloatTensor(X), torch.FloatTensor(y).view(-1, 1)
train_loader = DataLoader(
    TensorDataset(X[:2000], y[:2000]), batch_size=64, shuffle=True
)

model = nn.Sequential(
    nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

EPOCHS = 7
for epoch in range(EPOCHS):
    model.train()
    train_loss = 0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(X[2000:]), y[2000:])
        r2 = 1 - val_loss / y[2000:].var()
    print(
        f"Epoch [{epoch + 1}/{EPOCHS}] train {train_loss / len(train_loader):.4f} "
        f"val {val_loss:.4f} r2 {r2:.4f}"
    )
