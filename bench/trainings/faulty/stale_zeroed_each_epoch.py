"""Digits with a CNN and Adam, in functions.

Fault: the gradients are set to zero once an epoch, not once a step.
Accuracy 0.66; 0.98 without the fault.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_data(batch_size):
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 8 - 1
    y = torch.tensor(digits.target)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(6))
    x, y = x[order], y[order]
    train = TensorDataset(x[:1300], y[:1300])
    valid = TensorDataset(x[1300:], y[1300:])
    return DataLoader(train, batch_size, shuffle=True), DataLoader(valid, 256)


def get_model():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


def train_epoch(model, loader, loss_fn, opt):
    opt.zero_grad()
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()


def validate(model, loader, loss_fn):
    model.eval()
    total, right = 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            total += loss_fn(out, y).item() * len(y)
            right += (out.argmax(1) == y).sum().item()
    model.train()
    return total / len(loader.dataset), right / len(loader.dataset)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--lr", type=float, default=0.01)
    p.add_argument("--epochs", type=int, default=8)
    a = p.parse_args()
    torch.manual_seed(6)
    torch.set_num_threads(1)
    train_loader, valid_loader = get_data(32)
    model, loss_fn = get_model(), nn.CrossEntropyLoss()
    opt = torch.optim.Adam(model.parameters(), lr=a.lr)
    for epoch in range(a.epochs):
        train_epoch(model, train_loader, loss_fn, opt)
        val_loss, val_acc = validate(model, valid_loader, loss_fn)
        print(f"epoch {epoch} val_loss={val_loss:.4f} val_acc={val_acc:.4f}")
