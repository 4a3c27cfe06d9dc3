"""How much of a run is kept: all of a short one, and of a long one a fair share each.

With these a folder stays below 300 MB, however many steps it records: a value takes 4
to 12 bytes, a histogram about 60.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Of `total`, as much for each, but `least` at least and `greatest` at most."""

    total: int
    least: int
    greatest: int

    def among(self, number: int) -> int:
        """What each of so many may have."""
        return min(max(self.total // max(number, 1), self.least), self.greatest)


WHOLE = Share(total=1 << 22, least=1 << 12, greatest=1 << 20)  # of the whole run
PLACES = Share(total=1 << 24, least=1 << 10, greatest=1 << 16)  # of a place
HISTOGRAMS = Share(total=1 << 17, least=1 << 5, greatest=1 << 8)
EVENTS = 1 << 13  # of a kind
FULL = 1 << 13  # values of a signal in a row that is merged no further: 64 KiB at most


def full(most: int) -> int:
    """How many of `most` a row may hold: the first row and the last stay whole."""
    return min(most // 8, FULL)


def spread(ids: list[int], most: int) -> list[int]:
    """Those to keep of rising `ids`: three quarters of `most` at the most.

    The first and the last eighth of `most`, and what is evenly spread between.

    >>> spread(list(range(40)), 16)
    [0, 1, 2, 10, 18, 26, 34, 38, 39]
    """
    if len(ids) <= most:
        return ids
    ends, distance = most // 8, 1
    middle = ids[ends : len(ids) - ends]
    while len(middle) > most // 2:
        distance *= 2
        middle = _apart(middle, distance)
    return ids[:ends] + middle + ids[len(ids) - ends :]


def _apart(ids: list[int], distance: int) -> list[int]:
    kept = ids[:1]
    for id_ in ids:
        if id_ - kept[-1] >= distance:
            kept.append(id_)
    return kept
