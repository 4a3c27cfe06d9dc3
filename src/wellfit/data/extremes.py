"""Outliers: values that stand apart from their column's own tail, not far ones as such.

On the scale asinh((x − median) / spread), which is linear in the middle and a logarithm
in the tails, the largest values of any tail up to Pareto's have gaps between them that
are exponential, the i-th from the top with mean γ / i (Rényi, 1953), and γ is Hill's
estimate (1975) of what lies below the gap. A gap that is too wide for that is no tail.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.columns import Kind, Series, finite

MOST = 0.01  # of the values may stand apart; more are a heap of their own
TAIL = 0.05  # of the values tell how the tail falls off
LEAST = 100  # values, for a tail to be known
FALSE = 0.01  # of the columns named, as many may be wrong (Benjamini, Hochberg, 1995)
FEW = 10  # different values: with fewer it is a scale, not a measure
SHOWN = 5
THREADS = 2
STEPS = 3  # of the finest step between values: less is a column's grain, no gap
TESTED = 1000  # gaps at most at each end

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Apart:
    """Values beyond a gap at one end: how many, and how surprising the gap is."""

    count: int
    first: float
    next: float
    p: float


def outliers(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    """Of the fact `data`: `outliers`, one entry for each column that has some."""
    numbers = [n for n in map(str, frame.columns) if kinds[n] is Kind.NUMBER]

    def ends(name: str) -> list[tuple[str, Apart]]:
        return list(_sides(_known(frame[name])))

    with ThreadPoolExecutor(THREADS) as pool:
        tested = list(pool.map(ends, numbers))
    found = [(n, *s) for n, sides in zip(numbers, tested, strict=True) for s in sides]
    kept = _controlled([apart.p for *_, apart in found])
    return [
        _said(name, _known(frame[name]), side, apart)
        for (name, side, apart), keep in zip(found, kept, strict=True)
        if keep
    ]


def _known(column: Series) -> Numbers:
    """Its finite values, sorted."""
    values = finite(column)
    return np.sort(values[~np.isnan(values)])


def _sides(known: Numbers) -> Iterator[tuple[str, Apart]]:
    """What was tested at each end; a p-value of 1 where nothing stands apart."""
    if len(known) < LEAST or np.count_nonzero(np.diff(known)) < FEW:
        return
    scaled = _scaled(known)
    if scaled is None:
        return
    for side, sign in (("high", 1), ("low", -1)):
        far = (sign * scaled)[::sign]  # rising, the tail in question last
        raw = known[::sign]
        yield side, _apart(far, raw)


def _scaled(known: Numbers) -> Numbers | None:
    """On asinh's scale; by what is not the commonest value, if most are."""
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75])
    if high <= low:
        varied = known[known != median]
        if len(varied) < LEAST:
            return None
        low, high = np.quantile(varied, [0.25, 0.75])
    spread = (high - low) / 1.349 or abs(float(high - median)) / 1.349
    if spread <= 0:
        return None
    return np.asarray(np.arcsinh((known - median) / spread))


def _apart(far: Numbers, raw: Numbers) -> Apart:
    """The most surprising gap among the largest values."""
    most, tail = max(1, int(MOST * len(far))), max(10, int(TAIL * len(far)))
    count = np.arange(1, min(most, TESTED) + 1)  # of the values beyond each gap
    end = len(far) - count
    start = np.maximum(end - tail, 0)
    sums = np.concatenate([[0.0], np.cumsum(far)])
    mean = (sums[end] - sums[start]) / (end - start) - far[start]  # Hill's
    gap = far[end] - far[end - 1]
    rank = np.concatenate([[0], np.cumsum(np.diff(far) > 0)])
    varied = rank[end - 1] - rank[start] >= FEW  # a tail of few values has steps
    steps = np.abs(np.diff(raw))
    wide = steps[end - 1] > STEPS * np.min(steps[steps > 0])  # of whole numbers: 1
    open_ = wide & (mean > 1e-12) & varied
    if not open_.any():
        return Apart(count=0, first=0.0, next=0.0, p=1.0)
    surprise = np.where(open_, count * gap / np.where(open_, mean, 1.0), 0.0)
    best = int(surprise.argmax())
    p = min(1.0, float(np.exp(-min(700.0, surprise[best]))) * int(open_.sum()))
    first, following = raw[end[best]], raw[end[best] - 1]
    return Apart(count=int(count[best]), first=float(first), next=float(following), p=p)


def _controlled(p: list[float]) -> NDArray[np.bool_]:
    from scipy.stats import false_discovery_control

    if not p:
        return np.zeros(0, dtype=bool)
    return np.asarray(false_discovery_control(np.array(p)) <= FALSE)


def _said(name: str, known: Numbers, side: str, apart: Apart) -> dict[str, Any]:
    far = known[-apart.count :] if side == "high" else known[: apart.count]
    around = known[: -apart.count] if side == "high" else known[apart.count :]
    centre = float(np.median(known))
    squares = float(np.sum((known / _size(known) - centre / _size(known)) ** 2))
    of_far = float(np.sum((far / _size(known) - centre / _size(known)) ** 2))
    return {
        "name": str(name),
        "side": side,
        "count": apart.count,
        "rows": len(known),
        "from": apart.first,
        "next": apart.next,
        "deviations": _deviations(apart.first, around),
        "of_variance": of_far / squares if squares > 0 else 0.0,
        "p": apart.p,
        "values": [float(v) for v in (far[::-1] if side == "high" else far)[:SHOWN]],
    }


def _size(known: Numbers) -> float:
    return float(max(abs(known[0]), abs(known[-1]))) or 1.0


def _deviations(value: float, around: Numbers) -> float:
    spread = float(np.std(around / _size(around))) * _size(around)
    return abs(value - float(np.mean(around))) / spread if spread > 0 else 0.0
