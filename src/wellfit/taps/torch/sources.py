"""Which data an evaluation is over: what was trained on, or held back, or a third set.

A batch's origin is the data set of the DataLoader it came from or, where batches are
cut by hand, the tensor it is a view of. Where neither can be known, the rows of the
evaluation are compared with rows that were trained on.
"""

import weakref
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

Reference = Callable[[], object | None]

COLUMNS = 64  # of a row, evenly spread, that its fingerprint is made of
KNOWN = 512  # fingerprints of trained rows that are kept


class Sources:
    """Remembers where training batches came from, without keeping data alive."""

    def __init__(self) -> None:
        self._trained: deque[Reference] = deque(maxlen=8)
        self._held: list[Reference | None] = []
        self._rows: deque[float] = deque(maxlen=KNOWN)
        self._told: dict[int, bool] = {}  # by the size of a pass: of training rows

    def train(self, origin: object | None) -> None:
        """A training batch came from there."""
        if origin is None or (self._trained and self._trained[0]() is origin):
            return
        if not self.trained_on(origin):
            self._trained.appendleft(reference(origin))

    def remember(self, rows: Tensor) -> None:
        """These rows were trained on."""
        self._rows.extend(fingerprints(rows[:16]))

    def phase(self, origin: object | None, rows: set[float], size: int) -> str:
        """`train`, `val` or `test`: of an evaluation, by its origin or its rows.

        `size` is their number; where `rows` is empty, what was told of that size holds.
        """
        known = set(self._rows)
        if rows and known:
            self._told[size] = len(known & rows) >= 0.5 * len(known)
        if self.trained_on(origin) or self._told.get(size, False):
            return "train"
        return self._held_back(origin)

    def trained_on(self, origin: object | None) -> bool:
        """Whether training batches came from there."""
        return origin is not None and any(ref() is origin for ref in self._trained)

    def _held_back(self, origin: object | None) -> str:
        """`val` for the first set held back, `test` for a second one beside it."""
        for place, ref in enumerate(self._held):
            known = None if ref is None else ref()
            # A set that is gone was made anew: the same one, for all we know.
            if known is origin or (ref is not None and known is None):
                self._held[place] = None if origin is None else reference(origin)
                return "val" if place == 0 else "test"
        if len(self._held) < 2:
            self._held.append(None if origin is None else reference(origin))
        return "val" if len(self._held) == 1 else "test"


def reference(thing: object) -> Reference:
    """What gives the thing back while it lives; some things (a list) it keeps alive."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: thing


def fingerprints(rows: Tensor) -> list[float]:
    """A number for each row, equal where the rows are equal."""
    flat = rows.detach().reshape(len(rows), -1)
    some = flat[:, :: max(1, flat.shape[1] // COLUMNS)][:, :COLUMNS].double().cpu()
    angles = torch.arange(1, some.shape[1] + 1, dtype=torch.float64)
    # float32, so that the order of summation does not show.
    return [float(v) for v in (some * torch.cos(angles)).sum(1).float().tolist()]
