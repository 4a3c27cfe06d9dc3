"""Old detail, thinned: the first steps and the latest stay whole, what is between not.

To halve numbers, of six neighbours the least, the greatest and one of the two in the
middle are kept, each at its own step; to quarter them, of twelve; and so on. Done again
and again, this keeps every spike that is the greatest or the least of its surroundings,
and the middle course beside it. Histograms are added up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 3
MANY = 8  # small rows side by side: a reader goes through each, a merger rewrites all

Part = tuple[
    NDArray[np.int64], NDArray[Any]
]  # steps (n), numbers (n) or counts (n × k)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of `chunks` or `histograms`: how many are in it, each for how many."""

    id: int
    count: int
    thinned: int


def coarser(
    rows: Sequence[Row], most: int, left: Callable[[int, int], int]
) -> list[Row]:
    """The rows as they are to become: three quarters of `most` in all of them at most.

    The first and the last eighth of `most` stay as they are. Of what is between, that
    which was thinned least is halved, until it fits. `left(count, factor)` tells how
    many of so many thinning by a factor leaves.
    """
    kept = list(rows)
    first, end = _middle([row.count for row in rows], most // 8)
    while sum(row.count for row in kept) > most * 3 // 4:
        halved = {at: _halved(rows[at], kept[at], left) for at in range(first, end)}
        able = [at for at, row in halved.items() if row.count < kept[at].count]
        if not able:
            break
        finest = min(kept[at].thinned for at in able)
        for at, row in halved.items():
            kept[at] = row if kept[at].thinned == finest else kept[at]
    return kept


def _middle(counts: Sequence[int], whole: int) -> tuple[int, int]:
    """Without the first rows of `whole` together, and the last of that many or more."""
    first = sum(total <= whole for total in accumulate(counts))
    last = sum(total < whole for total in accumulate(reversed(counts)))
    return first, len(counts) - last - 1


def _halved(at_first: Row, now: Row, left: Callable[[int, int], int]) -> Row:
    thinned = 2 * now.thinned
    count = left(at_first.count, thinned // at_first.thinned)
    return replace(now, count=count, thinned=thinned)


def groups(
    before: Sequence[Row], after: Sequence[Row], full: int, *, wholly: bool = False
) -> Iterator[slice]:
    """Which rows to write anew, each slice of them as one.

    Those that change anyway, and small ones side by side, of one resolution, where they
    are many, or `full` together; with `wholly` any two.
    """

    def alike(at: int) -> tuple[int, bool]:
        return after[at].thinned, after[at].count < full

    for (_, small), grouped in groupby(range(len(after)), alike):
        run = list(grouped)
        total = sum(after[at].count for at in run)
        changed = [at for at in run if before[at] != after[at]]
        worth = wholly or len(run) >= MANY or total >= full
        if small and len(run) > 1 and worth:
            yield slice(run[0], run[-1] + 1)
        elif (
            changed and small
        ):  # they stand side by side: the latest of that resolution
            yield slice(changed[0], changed[-1] + 1)
        else:
            yield from (slice(at, at + 1) for at in changed)


def numbers_left(count: int, factor: int) -> int:
    """How many numbers `thin_numbers` leaves of so many."""
    return count // (KEPT * factor) * KEPT + min(count % (KEPT * factor), KEPT)


def thin_numbers(
    steps: NDArray[np.int64], numbers: NDArray[np.float64], factor: int
) -> Part:
    """Of each 3 × `factor` the least, a middle one and the greatest, as they stood.

    NaN counts as the greatest. Of the rest, that makes no group, three are kept too.
    Of equals the first is kept. Where there are two in the middle, the lower and the
    upper take turns.
    """
    width = KEPT * factor
    keep = np.zeros(len(steps), np.bool_)
    whole = len(steps) // width * width
    if whole:
        _mark(numbers[:whole].reshape(-1, width), keep[:whole].reshape(-1, width))
    if len(steps) - whole > KEPT:
        _mark(numbers[None, whole:], keep[None, whole:])
    else:
        keep[whole:] = True
    return steps[keep], numbers[keep]


def _mark(rows: NDArray[np.float64], keep: NDArray[np.bool_]) -> None:
    """Mark three in each row of more."""
    at, last = np.arange(len(rows)), rows.shape[1] - 1
    lower, upper = last // 2, (last + 1) // 2
    order = rows.argpartition((lower, upper), axis=1)  # NaN last
    middle = order[at, np.where(at % 2, upper, lower)]
    greatest = rows.argmax(axis=1)  # the first NaN, if there is one
    known = rows
    if np.isnan(rows[at, greatest]).any():
        known = np.where(np.isnan(rows), np.inf, rows)
    least = known.argmin(axis=1)
    keep[at, least] = keep[at, middle] = keep[at, greatest] = True
    for row in np.flatnonzero(keep.sum(axis=1) < KEPT):  # there were equals
        order = rows[row].argsort(kind="stable")
        keep[row] = False
        keep[row, order[[0, upper if row % 2 else lower, last]]] = True


def counts_left(count: int, factor: int) -> int:
    """How many histograms `thin_counts` leaves of so many."""
    return -(-count // factor)


def thin_counts(
    steps: NDArray[np.int64], counts: NDArray[np.int64], factor: int
) -> Part:
    """Each `factor` neighbours added up, at the step of the first."""
    starts = np.arange(0, len(steps), factor)
    return steps[::factor], np.add.reduceat(counts, starts, axis=0)
