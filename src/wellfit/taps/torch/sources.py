"""Which data an evaluation is over: what was trained on, or held back, or a third set.

A batch's origin is the data set of the DataLoader it came from or, where batches are
cut by hand, the tensor it is a view of. Where neither can be known, the rows of the
evaluation are compared with rows that were trained on.
"""

import math
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

Reference = Callable[[], object | None]

COLUMNS = 64  # of a row, evenly spread, that its fingerprint is made of
STRANGE, FAMILIAR = 0.05, 0.3  # shares of the rows, or of those known, that are both
KNOWN = 512  # fingerprints of trained rows that are kept
ROWS = 64  # of a batch, at most


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a batch came from: a data set, or a tensor and the part of it."""

    thing: object
    low: float = -math.inf  # of a view: its first element's place in the tensor
    high: float = math.inf


@dataclass(slots=True)
class Part:
    """An origin that is remembered without keeping its data alive."""

    thing: Reference
    low: float
    high: float

    def origin(self) -> Origin | None:
        """What it remembers, while that lives."""
        thing = self.thing()
        return None if thing is None else Origin(thing, self.low, self.high)

    def holds(self, origin: Origin) -> bool:
        """Whether the origin is of this part: training and validation may be two."""
        apart = origin.high < self.low or origin.low > self.high
        return self.thing() is origin.thing and not apart

    def widen(self, origin: Origin) -> None:
        """Take in the origin, which is of the same thing."""
        self.low, self.high = min(self.low, origin.low), max(self.high, origin.high)


def part_of(origin: Origin) -> Part:
    """What is remembered of an origin."""
    return Part(reference(origin.thing), origin.low, origin.high)


class Sources:
    """Remembers where training batches came from, without keeping data alive."""

    def __init__(self) -> None:
        self._trained: deque[Part] = deque(maxlen=8)
        self._held: list[Part | None] = []
        self._rows: deque[float] = deque(maxlen=KNOWN)

    def train(self, origin: Origin | None) -> None:
        """A training batch came from there."""
        if origin is None:
            return
        for part in self._trained:
            if part.thing() is origin.thing:
                part.widen(origin)
                return
        self._trained.appendleft(part_of(origin))
        # What was evaluated before it was trained on was not held back.
        self._held = [p for p in self._held if p is None or not p.holds(origin)]

    def remember(self, rows: Tensor) -> None:
        """These rows were trained on."""
        self._rows.extend(fingerprints(rows[:ROWS]))

    def phase(self, origin: Origin | None, rows: set[float]) -> str:
        """`train`, `val` or `test`: of an evaluation, by its origin or its rows."""
        known = set(self._rows)
        familiar = len(known & rows) >= 0.5 * len(known) > 0
        if self.trained_on(origin) or familiar:
            return "train"
        return self._held_back(origin)

    def differ(self, some: set[float], others: set[float]) -> bool:
        """Whether of two sets of rows one was trained on, as far as known, one not."""
        known = set(self._rows)
        shares = [
            len(known & rows) / max(min(len(known), len(rows)), 1)
            for rows in (some, others)
        ]
        return min(shares) < STRANGE < FAMILIAR < max(shares)

    def trained_on(self, origin: Origin | None) -> bool:
        """Whether training batches came from there."""
        return origin is not None and any(part.holds(origin) for part in self._trained)

    def _held_back(self, origin: Origin | None) -> str:
        """`val` for the first set held back, `test` for a second one beside it."""
        new = None if origin is None else part_of(origin)
        for place, part in enumerate(self._held):
            # A set that is gone was made anew: the same one, for all we know.
            gone = part is not None and part.thing() is None
            unknown = part is None and origin is None
            if gone or unknown or (part and origin and part.holds(origin)):
                self._held[place] = new
                return "val" if place == 0 else "test"
        if len(self._held) < 2:
            self._held.append(new)
        return "val" if len(self._held) == 1 else "test"


def reference(thing: object) -> Reference:
    """What gives the thing back while it lives; some things (a list) it keeps alive."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: thing


def marks(rows: Tensor) -> Tensor:
    """The columns that a row is known by."""
    flat = rows.detach().reshape(len(rows), -1)
    return flat[:, :: max(1, flat.shape[1] // COLUMNS)][:, :COLUMNS]


def fingerprints(rows: Tensor) -> list[float]:
    """A number for each row, equal where the rows are equal."""
    if not rows.ndim or not rows.numel():
        return []
    some = marks(rows).double().cpu()
    # float32, so that the order of summation does not show.
    found: list[float] = (some * _factors(some.shape[1])).sum(1).float().tolist()
    return found


@lru_cache(maxsize=16)
def _factors(columns: int) -> Tensor:
    return torch.arange(1, columns + 1, dtype=torch.float64, device="cpu").cos()
