"""Twelve residual blocks with LayerNorm, AdamW, warm-up and cosine decay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import make_classification
from torch import Tensor, nn

torch.set_num_threads(1)


@dataclass
class Config:
    width: int = 48
    depth: int = 12
    lr: float = 2e-3
    weight_decay: float = 0.05
    batch_size: int = 128
    epochs: int = 9
    warmup: int = 30
    seed: int = 7


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.act = nn.GELU()
        self.down = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.drop(self.down(self.act(self.up(self.norm(x)))))


class ResidualMLP(nn.Module):
    def __init__(self, n_in: int, n_out: int, cfg: Config) -> None:
        super().__init__()
        self.stem = nn.Linear(n_in, cfg.width)
        self.blocks = nn.Sequential(*[Block(cfg.width) for _ in range(cfg.depth)])
        self.norm = nn.LayerNorm(cfg.width)
        self.head = nn.Linear(cfg.width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.stem(x))))


def make_data(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y = make_classification(
        n_samples=4000,
        n_features=20,
        n_informative=8,
        n_redundant=4,
        n_classes=4,
        n_clusters_per_class=2,
        class_sep=1.5,
        flip_y=0.04,
        random_state=seed,
    )
    x = (x - x[:3200].mean(0)) / x[:3200].std(0)
    x, y = torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y)
    return x[:3200], y[:3200], x[3200:], y[3200:]


def main(cfg: Config) -> None:
    torch.manual_seed(cfg.seed)
    x_tr, y_tr, x_va, y_va = make_data(cfg.seed)
    model = ResidualMLP(x_tr.shape[1], 4, cfg)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay
    )
    steps = cfg.epochs * math.ceil(len(x_tr) / cfg.batch_size)

    def factor(step: int) -> float:
        if step < cfg.warmup:
            return (step + 1) / cfg.warmup
        done = (step - cfg.warmup) / (steps - cfg.warmup)
        return 0.5 * (1 + math.cos(math.pi * done))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(cfg.epochs):
        model.train()
        losses = []
        for idx in torch.randperm(len(x_tr)).split(cfg.batch_size):
            loss = loss_fn(model(x_tr[idx]), y_tr[idx])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        model.eval()
        with torch.inference_mode():
            logits = model(x_va)
            val_loss = loss_fn(logits, y_va).item()
            acc = (logits.argmax(-1) == y_va).float().mean().item()
        print(f"{epoch=} train={np.mean(losses):.4f} val={val_loss:.4f} acc={acc:.4f}")


if __name__ == "__main__":
    main(Config())
