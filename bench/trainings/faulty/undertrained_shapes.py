"""Bars that lie or stand, with a CNN.

Fault: it stops after one epoch.
Accuracy 0.37; 0.94 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Bars(Dataset):
    """12 x 12 images with a bar of one of four directions and much noise."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(4, (n,), generator=g)
        self.x = torch.randn(n, 1, 12, 12, generator=g) * 0.6
        for image, kind in zip(self.x, self.y.tolist(), strict=True):
            at = int(torch.randint(3, 9, (1,), generator=g))
            if kind == 0:
                image[0, at, 2:10] += 1
            elif kind == 1:
                image[0, 2:10, at] += 1
            else:
                i = torch.arange(2, 10)
                j = (i if kind == 2 else 11 - i) + at - 6
                keep = (j >= 0) & (j < 12)
                image[0, i[keep], j[keep]] += 1

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    for step, (images, labels) in enumerate(loader):
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(f"step {step}/{len(loader)} loss {loss.item():.4f}")


def validate(model, loader, criterion):
    model.eval()
    losses, hits = [], []
    with torch.no_grad():
        for images, labels in loader:
            out = model(images)
            losses.append(criterion(out, labels))
            hits.append(out.argmax(1) == labels)
    acc = torch.cat(hits).float().mean().item()
    print(f"validation loss {torch.stack(losses).mean():.4f} accuracy {acc:.4f}")


torch.manual_seed(0)
torch.set_num_threads(1)
model = nn.Sequential(
    nn.Conv2d(1, 12, 5),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 3),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(96, 4),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
train_loader = DataLoader(Bars(1600, 1), 64, shuffle=True)
val_loader = DataLoader(Bars(400, 2), 200)
num_epochs = 1
for epoch in range(num_epochs):
    print(f"epoch {epoch + 1}")
    train_one_epoch(model, train_loader, optimizer, criterion)
    validate(model, val_loader, criterion)
