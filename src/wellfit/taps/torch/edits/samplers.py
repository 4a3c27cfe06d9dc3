"""Which rows a DataLoader draws to train on: rare classes oftener, common ones less."""

import math
import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, RandomSampler, Sampler, Subset, TensorDataset

READ = 20_000  # rows that are read once for their labels, where nothing else tells
NAMED = ("targets", "labels", "label", "y")
MOST = 1 << 24  # rows that PyTorch draws among by weights


class Balanced(Sampler[int], ABC):
    """Draws rows by their classes, and of the script's numbers as many as it did."""

    shuffle = True  # as samplers tell that draw at random

    def __init__(self, labels: Tensor, own: RandomSampler) -> None:
        found: tuple[Tensor, ...] = torch.unique(
            labels, return_inverse=True, return_counts=True
        )
        _, self.labels, self.counts = found
        self.own = own

    def __iter__(self) -> Iterator[int]:
        generator = self.own.generator
        if generator is None:  # as a RandomSampler has it
            seed = int(torch.empty((), dtype=torch.int64).random_().item())
            generator = torch.Generator().manual_seed(seed)
        yield from self.drawn(generator).tolist()

    @abstractmethod
    def drawn(self, generator: torch.Generator) -> Tensor:
        """The rows of an epoch."""

    @abstractmethod
    def __len__(self) -> int:
        """How many these are."""


class Oversampled(Balanced):
    """As many rows as ever, as if each class had `ratio` times the commonest's."""

    def __init__(self, labels: Tensor, own: RandomSampler, *, ratio: float) -> None:
        super().__init__(labels, own)
        counts = self.counts.double()
        self.weights = counts.clamp_min(ratio * counts.max()) / counts

    def drawn(self, generator: torch.Generator) -> Tensor:
        """Rows, some of them several times."""
        weights = self.weights[self.labels]
        return torch.multinomial(weights, len(self), True, generator=generator)

    def __len__(self) -> int:
        return len(self.labels)


class Undersampled(Balanced):
    """Of each class at most `ratio` times the rows of the rarest, anew each epoch."""

    def __init__(self, labels: Tensor, own: RandomSampler, *, ratio: float) -> None:
        super().__init__(labels, own)
        most = math.ceil(ratio * int(self.counts.min()))
        self.kept = self.counts.clamp_max(most)

    def drawn(self, generator: torch.Generator) -> Tensor:
        """Rows in random order, none of them twice."""
        order = torch.randperm(len(self.labels), generator=generator)
        kept = torch.zeros(len(order), dtype=torch.bool)
        for place, count in enumerate(self.kept.tolist()):
            mine = self.labels[order] == place
            kept |= mine & (mine.cumsum(0) <= count)
        return order[kept]

    def __len__(self) -> int:
        return int(self.kept.sum())


Make = Callable[[Tensor, RandomSampler], Balanced]  # of labels, and what there was


def balancing(original: Any, make: Make, tell: Callable[[], None]) -> Any:
    """A loader's `__iter__`, which balances classes where rows are drawn at random.

    What is iterated with gradients off, or gives its rows in order, is no training.
    """
    read: WeakSet[Any] = WeakSet()

    def iterate(loader: Any) -> Any:
        sampler = getattr(loader.batch_sampler, "sampler", None)
        known = isinstance(loader.batch_sampler, BatchSampler) and loader not in read
        if known and type(sampler) is RandomSampler and torch.is_grad_enabled():
            read.add(loader)
            labels = None if sampler.replacement else labels_of(loader.dataset)
            if labels is not None and len(sampler) == len(labels):
                loader.batch_sampler.sampler = make(labels, sampler)
                tell()
        return original(loader)

    return iterate


def labels_of(data: Any) -> Tensor | None:
    """The class of each row; None where it cannot be known, or there are no classes."""
    labels = _told(data)
    if labels is None or not 0 < len(labels) <= MOST:
        return None
    if labels.is_floating_point() and bool((labels != labels.round()).any()):
        return None
    labels = labels.long().cpu()
    classes = len({*labels.tolist()})
    return labels if 2 <= classes <= len(labels) / 2 else None


def _told(data: Any) -> Tensor | None:
    """What a data set says of all its rows' labels, or each row of its own."""
    if isinstance(data, Subset):
        whole = _told(data.dataset)
        return None if whole is None else whole[torch.as_tensor(list(data.indices))]
    try:
        rows = len(data)
    except TypeError:
        return None  # a stream
    if isinstance(data, TensorDataset):
        return _column(data.tensors[-1], rows)
    for name in NAMED:
        found = _column(getattr(data, name, None), rows)
        if found is not None:
            return found
    return _read(data, rows) if rows <= READ else None


def _column(labels: Any, rows: int) -> Tensor | None:
    """Labels as numbers, one for each of so many rows."""
    try:
        found = torch.as_tensor(labels)
    except (TypeError, ValueError, RuntimeError):
        return None
    return (
        found.reshape(-1)
        if found.ndim and found.numel() == rows == len(found)
        else None
    )


def _read(data: Any, rows: int) -> Tensor | None:
    """The labels, read from the rows; random numbers that this takes are given back."""
    states = random.getstate()
    numpy = sys.modules.get("numpy")
    drawn = None if numpy is None else numpy.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            return _column([_label(data[row]) for row in range(rows)], rows)
    except Exception:  # the script's own, which it meets by itself if it is one
        return None
    finally:
        random.setstate(states)
        if numpy is not None:
            numpy.random.set_state(drawn)


def _label(row: Any) -> float:
    if isinstance(row, dict):
        return float(next(row[name] for name in NAMED if name in row))
    return float(row[-1])
