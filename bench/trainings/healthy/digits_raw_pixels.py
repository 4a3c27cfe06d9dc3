"""Digits straight from the scanner, 0 to 16: all alike, so no scaling is needed."""

import torch
from sklearn.datasets import load_digits
from torch import nn, optim

torch.manual_seed(5)
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X).float(), torch.tensor(y)
order = torch.randperm(len(X))
X, y = X[order], y[order]

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = optim.AdamW(model.parameters(), lr=7e-4, weight_decay=0.3)
loss_fn = nn.CrossEntropyLoss()
best = 0.0
for epoch in range(18):
    model.train()
    for start in range(0, 1400, 32):
        stop = min(start + 32, 1400)
        loss = loss_fn(model(X[start:stop]), y[start:stop])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(X[1400:])
        val_loss = loss_fn(out, y[1400:]).item()
        acc = (out.argmax(dim=1) == y[1400:]).float().mean().item()
        train_loss = loss_fn(model(X[:1400]), y[:1400]).item()
    print(f"Epoch {epoch + 1}: {train_loss:.4f} {val_loss:.4f} {acc:.4f}")
