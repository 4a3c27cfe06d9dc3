"""Irises with an MLP.

Fault: all weights start at zero, so that only the last bias can learn.
Accuracy 0.3; 1 without the fault.
"""

import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_iris
from torch.utils.data import DataLoader, TensorDataset


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.zeros_(m.weight)
        nn.init.zeros_(m.bias)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data = load_iris()
    X = torch.tensor(data.data, dtype=torch.float32)
    y = torch.tensor(data.target)
    X = (X - X.mean(0)) / X.std(0)
    perm = torch.randperm(150)
    X, y = X[perm], y[perm]
    train_loader = DataLoader(
        TensorDataset(X[:110], y[:110]), batch_size=10, shuffle=True
    )
    model = nn.Sequential(
        nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)
    )
    model.apply(init_weights)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(25):
        running_loss = 0.0
        for inputs, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        with torch.no_grad():
            outputs = model(X[110:])
            acc = (outputs.argmax(1) == y[110:]).float().mean().item()
            val = criterion(outputs, y[110:]).item()
        print(f"{epoch + 1:3d} {running_loss / 11:.4f} {val:.4f} {acc:.4f}")


if __name__ == "__main__":
    main()
