"""The data that a training was given: what kind they are, and a few rows of them.

Arrays are sliced, never copied whole; a generator, a `Dataset` or a `PyDataset` is
left alone, and only batches that pass by on their way to the model are seen.
"""

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.keras.backend import Backend

COUNTED = 1_000_000  # targets that are counted one by one; of more, a selection
PROBED = 128  # rows that are kept for a pass of our own
BATCH = 32  # Keras's own default

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The arguments of `fit` or `evaluate` that tell of the data."""

    x: Any
    y: Any = None
    sample_weight: Any = None
    class_weight: Any = None
    batch_size: int | None = None
    shuffle: bool | None = None
    validation_data: Any = None
    validation_split: float = 0.0

    @property
    def rows(self) -> int | None:
        """How many there are; None where that is not known without asking for them."""
        first = next(_leaves(self.x), None)
        shape = getattr(first, "shape", None)
        if not _sliceable(first) or not shape or shape[0] is None:
            return None
        return int(shape[0])

    @property
    def trained_rows(self) -> int | None:
        """Those of them that are trained on: `fit` may hold the last ones back."""
        if self.rows is None or not self.validation_split or self.validated:
            return self.rows
        return int(self.rows * (1.0 - self.validation_split))

    @property
    def validated(self) -> bool:
        """Whether other data were given for validation."""
        return self.validation_data is not None

    @property
    def batch(self) -> int | None:
        """The size of a batch; None where the data come in batches of their own."""
        return None if self.rows is None else self.batch_size or BATCH


def slices(given: Given, rows: int, backend: Backend) -> tuple[Array, Array | None]:
    """At most so many rows of the inputs, spread evenly, and their targets."""
    total = given.trained_rows or 0
    stride = max(1, -(-total // max(rows, 1)))
    x = _cut(next(_leaves(given.x)), total, stride, backend)
    leaves = list(_leaves(given.y)) if given.y is not None else []
    whole = len(leaves) == 1 and _sliceable(leaves[0])
    return x, _cut(leaves[0], total, stride, backend) if whole else None


def all_targets(given: Given, backend: Backend) -> Array | None:
    """The targets of all rows, or of a million spread evenly."""
    leaves = list(_leaves(given.y)) if given.y is not None else []
    total = given.trained_rows
    if total is None or len(leaves) != 1 or not _sliceable(leaves[0]):
        return None
    size = int(np.prod([int(n) for n in leaves[0].shape[1:]] or [1]))
    return _cut(leaves[0], total, max(1, -(-total * size // COUNTED)), backend)


def _cut(value: Any, total: int, stride: int, backend: Backend) -> Array:
    some = value[:total:stride]
    return backend.array(some) if backend.number(some) else np.asarray(some)


def _leaves(value: Any) -> Iterator[Any]:
    """The arrays of nested inputs, in order."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value


def _sliceable(value: Any) -> bool:
    """Whether it is an array, a tensor, a frame or a series: sliced without a trace."""
    home = type(value).__module__.partition(".")[0]
    return home in ("numpy", "torch", "tensorflow", "pandas") and hasattr(
        value, "shape"
    )


def first_batch(batch: Any) -> tuple[Any, Any]:
    """Inputs and targets of a batch `(x, y)` or `(x, y, weights)`; None for others."""
    if not isinstance(batch, (tuple, list)) or not batch:
        return batch, None
    x = next(_leaves(batch[0]), None)
    targets = list(_leaves(batch[1])) if len(batch) > 1 else []
    return x, targets[0] if len(targets) == 1 else None


@dataclass(slots=True)
class Known:
    """Which data were trained on, and which validated with, by identity alone."""

    _trained: list[Any] = field(default_factory=list)
    _validated: list[Any] = field(default_factory=list)

    def fitted(self, given: Given) -> None:
        """These are trained on, and those validated with."""
        self._trained.append(_reference(given.x))
        validation = given.validation_data
        if validation is not None:
            pair = isinstance(validation, (tuple, list))
            self._validated.append(_reference(validation[0] if pair else validation))
        elif given.validation_split:
            self._validated.append(None)

    def phase(self, x: Any) -> str:
        """`train`, `val` or `test`: what an evaluation over these data is.

        Where nothing is known to be of validation, the first other data are.
        """
        asked = _reference(x)
        if any(_same(known, asked) for known in self._trained):
            return "train"
        if any(_same(known, asked) for known in self._validated):
            return "val"
        if self._validated:
            return "test"
        self._validated.append(asked)
        return "val"


def _same(known: Any, asked: Any) -> bool:
    if known is None or asked is None:
        return False
    return known[0]() is asked[0]() and bool(known[1] == asked[1])


def _reference(x: Any) -> Any:
    """What tells data again while they live: the same part of the same memory."""
    first = next(_leaves(x), None)
    part: Any = None
    if isinstance(first, np.ndarray):
        part = (first.__array_interface__["data"][0], first.shape, first.strides)
        while isinstance(first.base, np.ndarray):
            first = first.base
    try:
        return weakref.ref(first), part
    except TypeError:
        return None


class Inputs:
    """The scale of what enters the model; the fact `inputs`."""

    def __init__(self) -> None:
        self._shape: list[int] = []
        self._dtype = ""
        self._rows = 0
        self._range = [float("inf"), float("-inf")]
        self._sums = np.zeros(3)  # of looks: means, variances + means², non-finite
        self._looks = 0

    def look(self, batch: Array) -> dict[str, float]:
        """The `input_*` signals of a batch."""
        if batch.dtype.kind != "f" or not batch.size:
            return {}
        self._shape, self._dtype = list(batch.shape[1:]), str(batch.dtype)
        self._rows += len(batch)
        flat = batch.reshape(-1)
        some = flat[:: -(-len(flat) // (1 << 16))].astype(np.float32)
        finite = some[np.isfinite(some)]
        missing = 1 - len(finite) / len(some)
        self._looks += 1
        self._sums[2] += missing
        found = {"input_nonfinite": missing}
        if len(finite):
            mean, deviation = float(finite.mean()), float(finite.std())
            low, high = float(finite.min()), float(finite.max())
            found |= {"input_mean": mean, "input_std": deviation}
            found |= {"input_min": low, "input_max": high}
            self._range = [min(self._range[0], low), max(self._range[1], high)]
            self._sums[:2] += mean, deviation**2 + mean**2
        return found

    def fact(self, first_layer: str | None) -> dict[str, Any] | None:
        """The fact `inputs`, as far as it is known by now."""
        if not self._looks:
            return None
        mean, square, missing = (self._sums / self._looks).tolist()
        return {
            "shape": self._shape,
            "dtype": self._dtype,
            "rows": self._rows,
            "mean": mean,
            "std": max(square - mean**2, 0.0) ** 0.5,
            "min": self._range[0],
            "max": self._range[1],
            "nonfinite": missing,
            "first_layer": first_layer,
        }
