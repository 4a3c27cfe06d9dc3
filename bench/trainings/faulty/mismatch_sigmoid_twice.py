"""Two overlapping classes, a sigmoid at the end.

Fault: BCEWithLogitsLoss takes the sigmoid once more, so that no probability it sees
falls below one half.
Accuracy 0.36; 0.89 without the fault.
"""

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_loaders():
    x, y = make_classification(
        3000, 15, n_informative=6, weights=[0.7], class_sep=1.0, random_state=5
    )
    x = torch.tensor(x, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
    train, val = TensorDataset(x[:2200], y[:2200]), TensorDataset(x[2200:], y[2200:])
    return DataLoader(train, 44, shuffle=True), DataLoader(val, 800)


def main():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    train_loader, val_loader = make_loaders()
    model = nn.Sequential(
        nn.Linear(15, 32),
        nn.ReLU(),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Linear(16, 1),
        nn.Sigmoid(),
    )
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(15):
        model.train()
        total = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            x, y = next(iter(val_loader))
            probability = torch.sigmoid(model(x))
            acc = ((probability > 0.5) == (y > 0.5)).float().mean().item()
        print(f"epoch {epoch} loss {total / len(train_loader):.4f} val acc {acc:.4f}")


main()
