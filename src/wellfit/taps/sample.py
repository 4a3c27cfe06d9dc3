"""A sample of the rows that were trained on, for `wellfit.data.fed` to judge.

It is kept in memory only, and drawn with a generator of its own.
"""

import math
import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wellfit.taps.tap
from wellfit.data.again import Again
from wellfit.taps.tap import hushed

ROWS = 2_000
Floats = NDArray[np.float64]

COLUMNS = 1_024  # of a row; wider inputs are described, but not learnt from
PER_LOOK = 64


class Sample:
    """A reservoir of at most 2,000 rows, every row seen equally likely to be in it."""

    def __init__(self) -> None:
        self._random = random.Random(0)
        self._rows: list[NDArray[np.float32]] = []
        self._targets: list[float] = []
        self._epochs: list[int] = []  # in which each came
        self._epoch = 0
        self._seen = 0
        self._table = self._numbers = True
        self._again = Again()
        self._of: int | None = None  # rows of an order that was drawn by hand
        self._whole = True  # each batch is one of the loader's

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def room(self) -> int:
        """How many rows of a batch are wanted: all at first, later some of each."""
        return max(PER_LOOK, ROWS - len(self._rows))

    @property
    def full(self) -> bool:
        """Whether a row is added only in the place of another."""
        return len(self._rows) >= ROWS

    def add(
        self,
        rows: NDArray[Any],
        targets: NDArray[Any] | None,
        *,
        table: bool,
        numbers: bool = True,
    ) -> None:
        """Take in rows of a batch (n × …), with their targets where each has one.

        Of a `table` the columns mean something each; pixels and tokens do not, and
        tokens are no `numbers`.
        """
        if rows.ndim < 2 or not len(rows) or rows[0].size > COLUMNS:
            return
        apart = -(-len(rows) // self.room)
        some = rows[::apart]
        flat = some.reshape(len(some), -1).astype(np.float32)
        if self._rows and flat[0].shape != self._rows[0].shape:
            return
        self._table &= table
        self._numbers &= numbers
        self._again.add(flat)
        told = [math.nan] * len(flat)
        if targets is not None and targets.size == len(rows):
            told = targets.reshape(-1)[::apart].astype(np.float64).tolist()
        free = ROWS - len(self._rows)
        self._rows.extend(flat[:free])
        self._targets += told[:free]
        self._epochs += [self._epoch] * len(flat[:free])
        self._seen += min(free, len(flat))
        for row, target in zip(flat[free:], told[free:], strict=True):
            self._seen += 1
            place = self._random.randrange(self._seen)
            if place < ROWS:
                self._rows[place], self._targets[place] = row.copy(), target
                self._epochs[place] = self._epoch

    def compared(self) -> None:
        """Several batches enter the model in a step: the first is not all of a row."""
        self._whole = False

    def epoch(self, of: int | None = None) -> None:
        """The data were gone through once; `of` is how many rows they have, if known.

        Each of these came once.
        """
        self._of = of
        self._epoch += 1
        self._again.epoch()

    def distinct(self, *, fresh: bool = False) -> tuple[Floats, Floats]:
        """The rows that differ: one of several epochs would otherwise test itself.

        Rows that are augmented come `fresh` each time: then those of one epoch.
        """
        rows = np.stack(self._rows)
        keyed = {row.tobytes(): place for place, row in enumerate(rows)}
        places = np.array(sorted(keyed.values()))
        if fresh:
            epochs = np.array(self._epochs)[places]
            places = places[epochs == np.bincount(epochs).argmax()]
        return rows[places].astype(np.float64), np.array(self._targets)[places]

    def facts(
        self, task: str, *, held: "Held | None" = None, loader: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """The facts `data`, `reference` and, for `inputs`, the columns' ranges.

        `held` has rows of validation; `loader` is what the fact `loaders` says of
        training.
        """
        if len(self) < 2 or not wellfit.taps.tap.judging:
            return {}
        from wellfit.data.fed import Fed, facts_of  # imports scikit-learn, and pandas

        of = loader.get("rows") or self._of
        fresh = self._fresh(of)
        rows, targets = self.distinct(fresh=fresh)
        before = held.before if held else None
        among = len(rows) if before is None else len(before)
        fed = Fed(
            rows=rows,
            targets=targets,
            conflicting=self._conflicting() if self._whole else None,
            task=task,
            held=held.rows if held else None,
            before=before,
            table=self._table,
            numbers=self._numbers,
            natural=self._again.twins(among, epochs=of is not None),
            of=of,
            fresh=fresh,
        )
        with hushed():
            facts = facts_of(fed)
        by_hand = not loader and self._of is not None
        drawn_once = self._whole and (by_hand or loader.get("replacement") is False)
        rich = not facts.get("data", {}).get("poor")
        if "data" in facts and of and drawn_once and rich:
            facts["data"] |= {"duplicates": self._again.fact(of)}
        return facts

    def _conflicting(self) -> int:
        """How many of the rows that differ came with several targets."""
        told: dict[bytes, set[float]] = {}
        for row, target in zip(self._rows, self._targets, strict=True):
            told.setdefault(row.tobytes(), set()).add(target)
        return sum(len(targets) > 1 for targets in told.values())

    def _fresh(self, of: int | None) -> bool:
        """Whether rows seem not to come again as they were: they are augmented."""
        if of is None and not self._table:
            return True  # a few ways of turning an image are not told from more images
        return self._again.fresh(of)


class Held:
    """Rows of the first evaluation of data that are held back, and those before it."""

    def __init__(self) -> None:
        self.rows: Floats | None = None
        self.before: Floats | None = None

    def take(self, held: Sample, trained: Sample) -> None:
        """These were evaluated, and those had been trained on by then."""
        self.rows, self.before = held.distinct()[0], trained.distinct()[0]
