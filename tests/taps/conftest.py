"""A recorder in memory, for what a tap says."""

from collections import defaultdict
from typing import Any

import pytest


class Values(defaultdict[str, list[tuple[int, float]]]):
    """Signal → its numbers by step; called as a recorder's `values`, it adds some."""

    def __init__(self) -> None:
        super().__init__(list)

    def __call__(self, step: int, names: Any, numbers: Any) -> None:
        for name, number in zip(names, numbers, strict=True):
            self[name].append((step, float(number)))


class Said:
    """Everything that was recorded, as plain lists and dicts."""

    writing = 0.0

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.values = Values()
        self.histograms: dict[str, list[tuple[int, list[int]]]] = defaultdict(list)
        self.events: list[tuple[str, int, dict[str, Any]]] = []

    def fact(self, key: str, value: Any) -> None:
        self.facts[key] = value

    def value(self, name: str, step: int, value: float) -> None:
        self.values[name].append((step, value))

    def histogram(self, name: str, step: int, counts: Any) -> None:
        self.histograms[name].append((step, counts.tolist()))

    def event(self, kind: str, step: int, **data: Any) -> None:
        self.events.append((kind, step, data))

    def only(self, name: str) -> list[float]:
        return [value for _, value in self.values[name]]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
