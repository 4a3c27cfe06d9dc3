"""Digits at a high rate that is cut twice: the loss goes down like a staircase."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16).float(), torch.tensor(y)
# Two of ten labels are drawn anew, so that every step has its floor.
drawn = torch.rand(len(y)) < 0.2
y = torch.where(drawn, torch.randint(0, 10, (len(y),)), y)
order = torch.randperm(len(y))
train, val = order[:1400], order[1400:]
loader = DataLoader(TensorDataset(X[train], y[train]), batch_size=20, shuffle=True)

model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(
    model.parameters(), lr=0.3, momentum=0.5, weight_decay=3e-3, nesterov=True
)
schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [7, 12], gamma=0.1)
for epoch in range(15):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    schedule.step()
    model.eval()
    with torch.no_grad():
        out = model(X[val])
        val_loss = criterion(out, y[val]).item()
        accuracy = (out.argmax(1) == y[val]).float().mean().item()
    print(f"epoch {epoch} val_loss {val_loss:.4f} accuracy {accuracy:.4f}")
