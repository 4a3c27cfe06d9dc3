"""Signals of five kinds with batch norm, validated kind by kind.

Fault: validation runs in train() mode, so that each batch is normalised by itself.
Accuracy 0.27; 0.99 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def block(a, b):
    return nn.Sequential(
        nn.Conv1d(a, b, 5, padding=2, bias=False), nn.BatchNorm1d(b), nn.ReLU()
    )


class SignalNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(block(1, 8), nn.MaxPool1d(2), block(8, 16))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.body(x).mean(-1))


def signals(n, seed):
    g = torch.Generator().manual_seed(seed)
    kind = torch.arange(n) * 5 // n
    t = torch.linspace(0, 6.2832, 32)
    x = torch.sin((kind[:, None] + 1.0) * t + 6.2832 * torch.rand(n, 1, generator=g))
    return TensorDataset((x + 0.5 * torch.randn(n, 32, generator=g))[:, None], kind)


def run_epoch(model, loader, loss_fn, optimizer=None):
    model.train()
    total = correct = count = 0
    for x, y in loader:
        with torch.set_grad_enabled(optimizer is not None):
            out = model(x)
            loss = loss_fn(out, y)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(y)
        correct += (out.argmax(1) == y).sum().item()
        count += len(y)
    return total / count, correct / count


def main():
    torch.manual_seed(10)
    torch.set_num_threads(1)
    train_loader = DataLoader(signals(1200, 1), batch_size=40, shuffle=True)
    val_loader = DataLoader(signals(400, 2), batch_size=40)
    model, loss_fn = SignalNet(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(8):
        loss, _ = run_epoch(model, train_loader, loss_fn, optimizer)
        val_loss, accuracy = run_epoch(model, val_loader, loss_fn)
        print(f"{epoch} {loss:.4f} {val_loss:.4f} {accuracy:.4f}")


if __name__ == "__main__":
    main()
