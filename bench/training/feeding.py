"""Rows a second from memory: batches by index, beside a DataLoader's."""

import statistics
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from bench.paired import told_of
from wellfit.trainer.feed import MemoryFeed

BAR = 3.0
ROWS = 20_000
SHAPES = {"table": (32,), "pictures": (3, 32, 32)}
BATCHES = (32, 256)


def measure(rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each shape and batch: how many times as many rows a second."""
    for name, shape in SHAPES.items():
        data = (torch.randn(ROWS, *shape), torch.randint(10, (ROWS,)))
        for size in BATCHES:
            yield f"{name}, batch {size}", _paired(data, size, rounds)


def _paired(data: tuple[torch.Tensor, ...], size: int, rounds: int) -> dict[str, Any]:
    loader = DataLoader(TensorDataset(*data), size, shuffle=True)
    feed = MemoryFeed(tensors=data, batch_size=size)
    ratios, rates = [], []
    for epoch in range(rounds + 1):
        by_loader = _seconds(iter(loader))
        ours = _seconds(feed.batches(epoch))
        if epoch:  # the first warms the memory
            ratios.append(by_loader / ours)
            rates.append(ROWS / ours)
    return told_of(ratios) | {
        "bar": BAR,
        "rows_per_second": round(statistics.median(rates)),
    }


def _seconds(batches: Iterator[Any]) -> float:
    begun = perf_counter()
    for batch in batches:
        batch[0].sum()  # as if they were used
    return perf_counter() - begun
