"""Accumulated and clipped gradients, two parameter groups, a schedule, validation."""

import argparse
import hashlib
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

ACCUMULATE = 4


def make_model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.GELU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(16, 3),
    )


def stripes(n: int) -> TensorDataset:
    kind = torch.randint(3, (n,))
    images = torch.randn(n, 1, 12, 12) * 0.5
    images[kind == 0, :, ::3] += 1
    images[kind == 1, :, :, ::3] += 1
    return TensorDataset(images, kind)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    train, val = random_split(stripes(700), [560, 140])
    model = make_model()
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "lr": 2e-3}]
    optimizer = torch.optim.AdamW(groups, lr=4e-3, weight_decay=0.0)
    loader = DataLoader(train, batch_size=16, shuffle=True)
    steps = args.epochs * math.ceil(len(loader) / ACCUMULATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=[4e-3, 2e-3], total_steps=steps
    )
    for _ in range(args.epochs):
        model.train()
        for i, (images, kind) in enumerate(loader, start=1):
            loss = criterion(model(images), kind)
            (loss / ACCUMULATE).backward()
            if i % ACCUMULATE == 0 or i == len(loader):
                norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
                print("norm", repr(norm.item()))
            print(repr(loss.item()))
        model.eval()
        with torch.no_grad():
            for images, kind in DataLoader(val, batch_size=70):
                print("validation", repr(criterion(model(images), kind).item()))
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
