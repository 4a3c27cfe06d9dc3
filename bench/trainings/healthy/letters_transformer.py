"""A two-layer transformer encoder names the commonest letter of a string."""

import argparse
import math

import torch
from torch import nn

LETTERS, LENGTH = 4, 17


def strings(n, generator):
    rows = torch.randint(LETTERS, (4 * n, LENGTH), generator=generator)
    counts = nn.functional.one_hot(rows, LETTERS).sum(1)
    top = counts.topk(2).values
    clear = top[:, 0] > top[:, 1]
    return rows[clear][:n], counts.argmax(1)[clear][:n]


class Encoder(nn.Module):
    def __init__(self, d_model=32, nhead=4, layers=2):
        super().__init__()
        self.token = nn.Embedding(LETTERS, d_model)
        self.position = nn.Parameter(torch.randn(LENGTH, d_model) * 0.02)
        layer = nn.TransformerEncoderLayer(
            d_model, nhead, 64, dropout=0.1, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d_model)
        self.classify = nn.Linear(d_model, LETTERS)

    def forward(self, tokens):
        h = self.encoder(self.token(tokens) + self.position)
        return self.classify(self.norm(h.mean(1)))


def run_epoch(model, data, labels, batch_size, optimizer=None, scheduler=None):
    model.train(optimizer is not None)
    order = torch.randperm(len(data)) if optimizer else torch.arange(len(data))
    total_loss = total_correct = 0
    with torch.set_grad_enabled(optimizer is not None):
        for idx in order.split(batch_size):
            logits = model(data[idx])
            loss = nn.functional.cross_entropy(logits, labels[idx])
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
            total_loss += loss.item() * len(idx)
            total_correct += (logits.argmax(1) == labels[idx]).sum().item()
    return total_loss / len(data), total_correct / len(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed + 1)

    x_train, y_train = strings(2500, g)
    x_val, y_val = strings(600, g)
    model = Encoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    steps = args.epochs * math.ceil(len(x_train) / 64)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps)
    for epoch in range(args.epochs):
        tr = run_epoch(model, x_train, y_train, 64, optimizer, scheduler)
        va = run_epoch(model, x_val, y_val, 200)
        print(f"{epoch:>2} train {tr[0]:.3f}/{tr[1]:.3f} valid {va[0]:.3f}/{va[1]:.4f}")


if __name__ == "__main__":
    main()
