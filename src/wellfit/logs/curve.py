"""Numbers by step, as they come out of a log: gathered in bounded memory."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wellfit.record.limits import Share
from wellfit.record.thin import thin_numbers

# What a reader keeps: of few curves all of the first quarter of a million values, of
# many fewer; with these, no log takes more than some 200 MB, however long it is.
KEPT = Share(total=1 << 22, least=1 << 10, greatest=1 << 18)
MOST_NAMES = 4096
LONGEST_NAME = 500  # characters


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """One quantity of a log, in the order in which it was written.

    `order` counts the records of the log: it tells what was written before what, also
    where steps go back.
    """

    order: NDArray[np.int64]
    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)

    def where(self, keep: NDArray[np.bool_]) -> "Curve":
        """Those values alone."""
        return Curve(
            order=self.order[keep], steps=self.steps[keep], values=self.values[keep]
        )

    def within(self, first: int, last: int) -> "Curve":
        """What was written from record `first` to before `last`."""
        return self.where((self.order >= first) & (self.order < last))


Curves = Mapping[str, Curve]


def curve(
    values: Iterable[float], steps: Iterable[int] | None = None, first: int = 0
) -> Curve:
    """A curve from plain numbers; without steps they count from `first`."""
    numbers = np.array(list(values), dtype=np.float64)
    places = np.arange(first, first + len(numbers), dtype=np.int64)
    if steps is not None:
        places = np.array(list(steps), dtype=np.int64)
    return Curve(
        order=np.arange(len(numbers), dtype=np.int64), steps=places, values=numbers
    )


@dataclass(slots=True)
class _Held:
    """The values of one name: a coarse past, and a recent part that is whole."""

    order: "array[int]" = field(default_factory=lambda: array("q"))
    steps: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    past: list[Curve] = field(default_factory=list)
    factor: int = 1
    thinned: int = 0  # values in `past`


class Collector:
    """Takes numbers by name as a reader meets them; keeps each whole up to a limit.

    Beyond it the middle becomes coarser, as in a run folder: of neighbours the least,
    the greatest and one between are kept, so that no spike is lost.
    """

    def __init__(self, kept: Share = KEPT) -> None:
        self._kept = kept
        self._held: dict[str, _Held] = {}
        self._records = 0
        self._refused: dict[str, None] = {}

    def record(self) -> None:
        """Another line, row or event begins: what is added now belongs to it."""
        self._records += 1

    def add(self, name: str, step: int, value: float) -> None:
        """Take in one number."""
        held = self._held.get(name)
        if held is None:
            if len(self._held) >= MOST_NAMES or len(name) > LONGEST_NAME:
                self._refuse(name)
                return
            held = self._held[name] = _Held()
        try:
            held.steps.append(step)
        except OverflowError:  # beyond 64 bits: nothing was counted so far
            return
        held.order.append(self._records)
        held.values.append(value)
        if not len(held.values) & 1023:  # now and then is enough
            self._shorten(held)

    @property
    def refused(self) -> int:
        """How many names came after there were too many already."""
        return len(self._refused)

    @property
    def records(self) -> int:
        """How many records there were."""
        return self._records

    def curves(self) -> dict[str, Curve]:
        """All that was gathered, in the order in which the names came."""
        return {name: _joined(held) for name, held in self._held.items()}

    def _refuse(self, name: str) -> None:
        if len(self._refused) < MOST_NAMES:  # enough to say that there were many
            self._refused[name[:LONGEST_NAME]] = None

    def _shorten(self, held: _Held) -> None:
        most = self._kept.among(len(self._held))
        if held.thinned + len(held.values) <= most:
            return
        whole = max(most // 4, 1)
        recent = _taken(held)
        old, new = _split(recent, len(recent) - whole)
        if not held.past:  # the first values stay as they are
            first, old = _split(old, most // 8)
            held.past.append(first)
        held.past.append(_thinned(old, held.factor))
        if sum(map(len, held.past[1:])) > most // 2:
            held.factor *= 2
            held.past[1:] = [_thinned(_stacked(held.past[1:]), 2)]
        held.thinned = sum(map(len, held.past))
        held.order = array("q", new.order.tobytes())
        held.steps = array("q", new.steps.tobytes())
        held.values = array("d", new.values.tobytes())


def _taken(held: _Held) -> Curve:
    return Curve(
        order=np.array(held.order, dtype=np.int64),
        steps=np.array(held.steps, dtype=np.int64),
        values=np.array(held.values, dtype=np.float64),
    )


def _split(whole: Curve, at: int) -> tuple[Curve, Curve]:
    before = np.arange(len(whole)) < max(at, 0)
    return whole.where(before), whole.where(~before)


def _thinned(whole: Curve, factor: int) -> Curve:
    if factor == 1:
        return whole
    kept, _ = thin_numbers(np.arange(len(whole)), whole.values, factor)
    return Curve(
        order=whole.order[kept], steps=whole.steps[kept], values=whole.values[kept]
    )


def _stacked(parts: list[Curve]) -> Curve:
    return Curve(
        order=np.concatenate([part.order for part in parts]),
        steps=np.concatenate([part.steps for part in parts]),
        values=np.concatenate([part.values for part in parts]),
    )


def _joined(held: _Held) -> Curve:
    return _stacked([*held.past, _taken(held)])
