"""Digits with a deep MLP in the style of 1990.

Fault: eight hidden layers of sigmoids.
Accuracy 0.16; 0.94 without the fault.
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)

X, y = load_digits(return_X_y=True)
X = (X - X.mean()) / X.std()
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=0)
train_ds = TensorDataset(torch.tensor(X_train).float(), torch.tensor(y_train))
val_ds = TensorDataset(torch.tensor(X_val).float(), torch.tensor(y_val))


def make_model(depth=8, width=48, activation=nn.Sigmoid):
    layers = [nn.Linear(64, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


model = make_model()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
train_loader = DataLoader(train_ds, batch_size=32, shuffle=True)
for epoch in range(15):
    model.train()
    train_loss = 0.0
    for x, t in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), t)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() / len(train_loader)
    model.eval()
    with torch.no_grad():
        x, t = val_ds.tensors
        out = model(x)
        val_loss, acc = criterion(out, t).item(), (out.argmax(1) == t).float().mean()
    print(f"epoch {epoch + 1:2d} {train_loss:.4f} {val_loss:.4f} accuracy {acc:.4f}")
