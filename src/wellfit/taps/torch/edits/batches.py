"""The order and the number of what a DataLoader gives, and how much is a step."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import torch
from torch import Tensor, nn
from torch.utils.data import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from wellfit.taps.torch.edits.lent import Lent, graded

RANDOM = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


def shuffling(original: Any, tell: Callable[[], None]) -> Any:
    """A loader's `__iter__`, which shuffles where the script trains in a fixed order.

    What is iterated with gradients off is no training.
    """

    def iterate(loader: Any) -> Any:
        batches = loader.batch_sampler
        in_order = isinstance(batches, BatchSampler) and isinstance(
            batches.sampler, SequentialSampler
        )
        if in_order and torch.is_grad_enabled():
            batches.sampler = RandomSampler(loader.dataset)
            tell()
        return original(loader)

    return iterate


class Resized:
    """Loaders of a training, whose batches are so many times as large.

    Those that draw at random are taken for such when they are made, so that a script
    that asks for their length is told right; others when a model that is in `train()`
    is trained by them, or may be.
    """

    def __init__(self, factor: float, tell: Callable[[], None]) -> None:
        self._factor, self._tell = factor, tell
        self._models: list[nn.Module] = []
        self._known: WeakSet[Any] = WeakSet()

    def meet(self, model: nn.Module) -> int:
        """A model is about to be called for the first time."""
        self._models.append(model)
        return 0

    def making(self, original: Any) -> Any:
        """A DataLoader's `__init__`."""

        def made(loader: Any, *args: Any, **kwargs: Any) -> None:
            original(loader, *args, **kwargs)
            if isinstance(getattr(loader.batch_sampler, "sampler", None), RANDOM):
                self._resize(loader)

        return made

    def iterating(self, original: Any) -> Any:
        """A DataLoader's `__iter__`."""

        def iterate(loader: Any) -> Any:
            if torch.is_grad_enabled() and all(m.training for m in self._models):
                self._resize(loader)
            return original(loader)

        return iterate

    def _resize(self, loader: Any) -> None:
        batches = loader.batch_sampler
        if type(batches) is not BatchSampler or batches in self._known:
            return
        wanted = max(1, round(batches.batch_size * self._factor))
        size = min(wanted, max(batches.batch_size, _length(batches.sampler)))
        self._known.add(batches)
        if size != batches.batch_size:
            batches.batch_size = size
            loader.__dict__["batch_size"] = size  # a loader that is made lets none set
            self._tell()


def _length(sampler: Any) -> int:
    """Of what a batch is drawn from: it cannot have more rows."""
    try:
        return len(sampler)
    except TypeError:
        return 1


class Accumulated:
    """Gradients of several batches, of whose mean one step is taken.

    The script clears its own as it always did, whenever that is.
    """

    def __init__(self, batches: int, lent: Lent) -> None:
        self._batches, self._lent = batches, lent
        self._counts: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._sums: WeakKeyDictionary[Any, dict[Tensor, Tensor]] = WeakKeyDictionary()

    @torch.no_grad()
    def holds(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether more batches are to come before the step."""
        count = self._counts.get(optimizer, 0) + 1
        self._counts[optimizer] = count
        sums = self._sums.setdefault(optimizer, {})
        for parameter in graded(optimizer):
            own, known = parameter.grad, sums.get(parameter)
            if own is not None:
                sums[parameter] = own.clone() if known is None else known + own
        if count % self._batches:
            return True
        mean = {p: gradient / self._batches for p, gradient in sums.items()}
        sums.clear()
        self._lent.give(optimizer, mean)
        return False
