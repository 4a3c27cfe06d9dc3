"""Gradients of eight small batches are summed up before each step."""

import torch
from sklearn.datasets import make_blobs
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ACCUMULATE = 8


def main():
    torch.manual_seed(31)
    torch.set_num_threads(1)
    points, labels = make_blobs(
        n_samples=3000, n_features=10, centers=6, cluster_std=6.0, random_state=31
    )
    points = torch.tensor(points / points.std(), dtype=torch.float32)
    labels = torch.tensor(labels)
    train = TensorDataset(points[:2400], labels[:2400])
    valid = TensorDataset(points[2400:], labels[2400:])
    train_loader = DataLoader(train, batch_size=10, shuffle=True)

    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 6))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    for epoch in range(8):
        optimizer.zero_grad()
        total = 0.0
        for i, (x, y) in enumerate(train_loader):
            loss = criterion(model(x), y) / ACCUMULATE
            loss.backward()
            total += loss.item() * ACCUMULATE
            if (i + 1) % ACCUMULATE == 0:
                nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
                optimizer.zero_grad()
        with torch.no_grad():
            logits = model(valid.tensors[0])
            val_loss = criterion(logits, valid.tensors[1])
            acc = (logits.argmax(1) == valid.tensors[1]).float().mean()
        print(
            f"epoch {epoch}: {total / len(train_loader):.4f} {val_loss:.4f} {acc:.4f}"
        )


if __name__ == "__main__":
    main()
