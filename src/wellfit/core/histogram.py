"""Histograms by step: coarse, and the bins always the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST, GREATEST = -16, 8  # powers of four: 2.3e-10 and 65,536

_POWERS = 4.0 ** np.arange(LEAST, GREATEST + 1)
EDGES: NDArray[np.float64] = np.concatenate([-_POWERS[::-1], _POWERS])
"""The 50 edges between the 51 bins, in rising order.

Bin 25, the middle one, holds zero and all whose magnitude is below 4^-16. Outwards of
it, bin 25 + i holds 4^(i-17) <= x < 4^(i-16), and bin 25 - i the same with the sign
turned; the outermost, 0 and 50, hold all of a magnitude from 4^8 on, the infinities
too. So an edge belongs to the bin that is further from zero. NaN is in no bin.
"""
EDGES.flags.writeable = False

BINS = len(EDGES) + 1
_MIDDLE = BINS // 2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Histogram:
    """How many numbers fell into each bin, by step.

    `steps` (n) and `counts` (n × 51) are int64; the bins are those between `EDGES`.
    Steps stand in the order in which they were recorded. In a long run an older row
    may be the sum of several neighbouring ones, at the step of the first.
    """

    name: str
    steps: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.steps.flags.writeable = False
        self.counts.flags.writeable = False

    def __len__(self) -> int:
        return len(self.steps)


def counts_of(sample: NDArray[Any]) -> NDArray[np.int64]:
    """How many numbers of a sample, rounded to float32, fall into each of the bins.

    The sample may have any shape. About 3 ns a number.

    >>> counts = counts_of(np.array([0.0, -1e-12, 1.0, 3.9, -4.0, np.inf, np.nan]))
    >>> {int(i): int(counts[i]) for i in counts.nonzero()[0]}
    {7: 1, 25: 2, 42: 2, 50: 1}
    """
    flat = _float32(sample)
    found = np.bincount(_top(flat), minlength=512)
    counts: NDArray[np.int64] = np.add.reduceat(found[_BY_BIN], _STARTS)
    if counts[BINS]:
        return _with_infinite(counts[None], flat, np.array([0, len(flat)])).ravel()
    return counts[:BINS]


def counts_by(flat: NDArray[Any], offsets: NDArray[Any]) -> NDArray[np.int64]:
    """The counts of k samples that stand one after the other in one array.

    Sample i is `flat[offsets[i]:offsets[i + 1]]`: `offsets` has k + 1 entries, from 0
    to the length of `flat`, none of them less than the one before. The result is
    k × 51: row i is `counts_of` sample i.
    """
    flat = _float32(flat)
    samples = len(offsets) - 1
    rows = np.arange(0, samples * (BINS + 1), BINS + 1)
    keys = _BIN[_top(flat)]
    keys += np.repeat(rows, np.diff(offsets))
    counts = np.bincount(keys, minlength=samples * (BINS + 1))
    counts = counts.reshape(samples, BINS + 1)
    if counts[:, BINS].any():
        return _with_infinite(counts, flat, np.asarray(offsets))
    return np.ascontiguousarray(counts[:, :BINS])


def _float32(sample: NDArray[Any]) -> NDArray[np.float32]:
    if sample.dtype == np.float32:
        return np.ravel(sample)
    with np.errstate(over="ignore"):  # what is beyond float32 is in the last bin
        return np.ravel(sample).astype(np.float32)


def _top(flat: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Sign and exponent, the upper nine bits: 0 to 511."""
    return flat.view(np.uint32) >> np.uint32(23)


def _with_infinite(
    counts: NDArray[np.int64], flat: NDArray[np.float32], offsets: NDArray[Any]
) -> NDArray[np.int64]:
    """The exponent does not tell infinity from NaN: look at those few."""
    counts = counts.copy()
    at = np.flatnonzero(np.isinf(flat))
    rows = np.searchsorted(offsets, at, side="right") - 1
    np.add.at(counts, (rows, np.where(flat[at] > 0, BINS - 1, 0)), 1)
    return np.ascontiguousarray(counts[:, :BINS])


def _bins() -> NDArray[np.int64]:
    """The bin of each sign and exponent; BINS where it is infinite or NaN."""
    exponents = np.arange(256)
    outwards = np.clip((exponents - 127) // 2 - LEAST + 1, 0, _MIDDLE)
    bins = np.concatenate([_MIDDLE + outwards, _MIDDLE - outwards])
    bins[[255, 511]] = BINS
    return bins


_BIN = _bins()
_BY_BIN = np.argsort(_BIN, kind="stable")  # signs and exponents, bin after bin
_STARTS = np.searchsorted(_BIN[_BY_BIN], np.arange(BINS + 1))
