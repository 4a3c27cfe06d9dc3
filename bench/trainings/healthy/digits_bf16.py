"""Digits under bfloat16 autocast on the CPU."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)

x, y = load_digits(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32) / 16
y = torch.tensor(y)
idx = torch.randperm(len(x))
train_idx, val_idx = idx[:1440], idx[1440:]
loader = DataLoader(TensorDataset(x[train_idx], y[train_idx]), 48, shuffle=True)

model = nn.Sequential(
    nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, 10)
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.05)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 24 * len(loader))

for epoch in range(24):
    model.train()
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item()
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(x[val_idx])
    val = loss_fn(logits.float(), y[val_idx]).item()
    acc = (logits.argmax(1) == y[val_idx]).float().mean().item()
    print(f"{epoch:2d}  {total / len(loader):.4f}  {val:.4f}  {acc:.4f}")
