"""Handwritten digits with a deep MLP, as first written. It does not go well.

Try it: `python examples/digits_sick.py --epochs 20`
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Net(nn.Module):
    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, hidden),
            nn.Sigmoid(),
            nn.Linear(hidden, hidden),
            nn.Sigmoid(),
            nn.Linear(hidden, hidden),
            nn.Sigmoid(),
            nn.Linear(hidden, hidden),
            nn.Sigmoid(),
            nn.Linear(hidden, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def load() -> tuple[DataLoader, DataLoader]:
    images, labels = load_digits(return_X_y=True)
    dataset = TensorDataset(
        torch.tensor(images, dtype=torch.float32), torch.tensor(labels)
    )
    train, val = random_split(dataset, [0.8, 0.2])
    return DataLoader(train, batch_size=32, shuffle=True), DataLoader(val, 256)


def train_epoch(model, loader, criterion, optimizer) -> float:
    model.train()
    total = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader, criterion) -> tuple[float, float]:
    model.eval()
    total = correct = 0.0
    for images, labels in loader:
        logits = model(images)
        total += criterion(logits, labels).item() * len(labels)
        correct += (logits.argmax(dim=1) == labels).sum().item()
    return total / len(loader.dataset), correct / len(loader.dataset)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lr", type=float, default=0.03)
    args = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(1)  # tensors this small gain nothing from a second
    train_loader, val_loader = load()
    model = Net()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        train_loss = train_epoch(model, train_loader, criterion, optimizer)
        val_loss, accuracy = evaluate(model, val_loader, criterion)
        print(
            f"epoch {epoch:2d}  train loss {train_loss:.8f}  "
            f"validation loss {val_loss:.8f}  accuracy {accuracy:.4f}"
        )


if __name__ == "__main__":
    main()
