"""Fine-tuning: a body with batch norm from a checkpoint, frozen by name, a new head.

The norms of the frozen body stay in eval(), as its statistics are those of before.
"""

import io

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class DigitNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(384, classes))

    def forward(self, x):
        return self.classifier(self.backbone(x))


def freeze(model):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not name.startswith("backbone.")


def train_one_epoch(model, loader, optimizer, frozen):
    model.train()
    if frozen:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    for images, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    loss = hits = count = 0
    for images, labels in loader:
        out = model(images)
        loss += nn.functional.cross_entropy(out, labels, reduction="sum").item()
        hits += (out.argmax(1) == labels).sum().item()
        count += len(labels)
    return loss / count, hits / count


def loaders(low, high):
    digits = load_digits()
    keep = (digits.target >= low) & (digits.target <= high)
    x = torch.tensor(digits.images[keep], dtype=torch.float32)[:, None] / 8 - 1
    y = torch.tensor(digits.target[keep]) - low
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(41))
    x, y, cut = x[order], y[order], int(0.75 * len(y))
    return (
        DataLoader(TensorDataset(x[:cut], y[:cut]), batch_size=32, shuffle=True),
        DataLoader(TensorDataset(x[cut:], y[cut:]), batch_size=200),
    )


def main():
    torch.manual_seed(41)
    torch.set_num_threads(1)
    checkpoint = io.BytesIO()
    train, _ = loaders(0, 4)
    first = DigitNet(5)
    optimizer = torch.optim.Adam(first.parameters(), lr=2e-3)
    for _ in range(5):
        train_one_epoch(first, train, optimizer, frozen=False)
    torch.save(first.state_dict(), checkpoint)
    checkpoint.seek(0)

    state = torch.load(checkpoint)
    body = {k: v for k, v in state.items() if k.startswith("backbone.")}
    model = DigitNet(5)
    print(model.load_state_dict(body, strict=False))
    freeze(model)
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=4e-3)
    train, val = loaders(5, 9)
    for epoch in range(12):
        train_one_epoch(model, train, optimizer, frozen=True)
        print("epoch %d: val loss %.4f accuracy %.4f" % (epoch, *evaluate(model, val)))


main()
