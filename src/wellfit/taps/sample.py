"""A sample of the rows that were trained on, for `learner.py` to learn from.

It is kept in memory only, and drawn with a generator of its own.
"""

import math
import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.learner import Floats, facts_of

ROWS = 2_000
COLUMNS = 1_024  # of a row; wider inputs are described, but not learnt from
PER_LOOK = 64


class Sample:
    """A reservoir of at most 2,000 rows, every row seen equally likely to be in it."""

    def __init__(self) -> None:
        self._random = random.Random(0)
        self._rows: list[NDArray[np.float32]] = []
        self._targets: list[float] = []
        self._seen = 0

    @property
    def room(self) -> int:
        """How many rows of a batch are wanted: all at first, later some of each."""
        return max(PER_LOOK, ROWS - len(self._rows))

    @property
    def full(self) -> bool:
        """Whether a row is added only in the place of another."""
        return len(self._rows) >= ROWS

    def add(self, rows: NDArray[Any], targets: NDArray[Any] | None) -> None:
        """Take in rows of a batch (n × …), with their targets where each has one."""
        if rows.ndim < 2 or not len(rows) or rows[0].size > COLUMNS:
            return
        apart = -(-len(rows) // self.room)
        some = rows[::apart]
        flat = some.reshape(len(some), -1).astype(np.float32)
        if self._rows and flat[0].shape != self._rows[0].shape:
            return
        told = [math.nan] * len(flat)
        if targets is not None and targets.size == len(rows):
            told = targets.reshape(-1)[::apart].astype(np.float64).tolist()
        free = ROWS - len(self._rows)
        self._rows.extend(flat[:free])
        self._targets += told[:free]
        self._seen += min(free, len(flat))
        for row, target in zip(flat[free:], told[free:], strict=True):
            self._seen += 1
            place = self._random.randrange(self._seen)
            if place < ROWS:
                self._rows[place], self._targets[place] = row.copy(), target

    def _distinct(self) -> tuple[Floats, Floats]:
        """The rows that differ: one of several epochs would otherwise test itself."""
        rows = np.stack(self._rows)
        keyed = {row.tobytes(): place for place, row in enumerate(rows)}
        places = sorted(keyed.values())
        return rows[places].astype(np.float64), np.array(self._targets)[places]

    def facts(self, task: str) -> dict[str, dict[str, Any]]:
        """The facts `data`, `reference` and, for `inputs`, the columns' ranges."""
        if len(self._rows) < 2:
            return {}
        rows, targets = self._distinct()
        return facts_of(rows, targets, task)
