"""The DataLoaders of a training, and what each says of itself."""

from dataclasses import dataclass
from typing import Any

from torch.utils.data import (
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from wellfit.taps.torch.sources import Reference, reference

WRAPPED = 3  # times that a framework may have wrapped a sampler of batches
RANDOM = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)
MOST = 16  # loaders described: some scripts make one an epoch


@dataclass(slots=True)
class _Seen:
    data: Reference
    fact: dict[str, Any]
    trained: bool = False


class Loaders:
    """Gathers the fact `loaders`."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []
        self._latest: Reference | None = None  # data set trained on

    def add(self, loader: Any) -> None:
        """A DataLoader is about to be iterated."""
        data, fact = loader.dataset, _described(loader)
        known = any(s.data() is data and s.fact == fact for s in self._seen)
        if not known and len(self._seen) < MOST:
            self._seen.append(_Seen(reference(data), fact))

    def trained(self, data: object) -> None:
        """A training batch came from this data set."""
        if self._latest is not None and self._latest() is data:
            return
        self._latest = reference(data)
        for seen in self._seen:
            seen.trained |= seen.data() is data

    def fact(self) -> dict[str, dict[str, Any]]:
        """Phase → what its loader says of itself."""
        trained = [s.fact for s in self._seen if s.trained]
        held = [s.fact for s in self._seen if not s.trained]
        named = zip(("train", "val", "test"), [*trained[:1], *held], strict=False)
        return dict(named) if trained else {}


def _described(loader: Any) -> dict[str, Any]:
    batches = loader.batch_sampler
    for _ in range(WRAPPED):
        batches = getattr(batches, "batch_sampler", batches)
    return {
        "batch_size": getattr(batches, "batch_size", loader.batch_size),
        "shuffled": _shuffled(getattr(batches, "sampler", None)),
        "replacement": _replaces(getattr(batches, "sampler", None)),
        "workers": loader.num_workers,
        "rows": _rows(loader.dataset),
    }


def _shuffled(sampler: Any) -> bool | None:
    """Whether it draws at random; None of one that PyTorch does not know."""
    if isinstance(sampler, RANDOM):
        return True
    if isinstance(sampler, SequentialSampler):
        return False
    told = getattr(sampler, "shuffle", None)  # as that of distributed trainings has
    return told if isinstance(told, bool) else None


def _replaces(sampler: Any) -> bool | None:
    """Whether a row may be drawn twice an epoch; None where that cannot be known."""
    if isinstance(sampler, (*RANDOM, SequentialSampler)):
        return bool(getattr(sampler, "replacement", False))
    return None


def _rows(data: Any) -> int | None:
    """How many there are; None of an iterable data set, or one that cannot tell."""
    try:
        return len(data)
    except TypeError:
        return None
