"""A regression tree of one column: the staircase that leaves the least squared error.

It is the one that scikit-learn's DecisionTreeRegressor grows on a single column, found
several times as fast: the column is sorted once, and a step is a place in that order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

APART = 1e-7  # values that are nearer than this are not parted; scikit-learn's own
EVEN = float(np.finfo(np.float64).eps)  # a variance below it is not split further

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Staircase:
    """The mean target up to each of the `edges`, and beyond the last one.

    `missing` is the mean where there is no value.
    """

    edges: Numbers
    means: Numbers
    missing: Numbers

    def predict(self, x: Numbers) -> Numbers:
        """The means for values of the column: an array of (rows, targets)."""
        x = x.astype(np.float32).astype(np.float64)
        means = self.means[np.searchsorted(self.edges, x)]
        return np.where(np.isnan(x)[:, None], self.missing, means)


def fit_staircase(x: Numbers, y: Numbers, *, depth: int, least: int) -> Staircase:
    """Fit it to a column x (NaN where it is missing) and targets y (rows, targets).

    It has at most 2^depth steps, with so many rows at `least` on each.
    """
    x = x.astype(np.float32).astype(np.float64)
    known = ~np.isnan(x)
    order = np.argsort(x[known], kind="stable")
    values, sorted_y = x[known][order], y[known][order]
    grower = _Grower(
        values=values,
        sums=np.vstack([np.zeros(y.shape[1]), np.cumsum(sorted_y, axis=0)]),
        squares=np.concatenate([[0.0], np.cumsum(np.sum(sorted_y**2, axis=1))]),
        gaps=np.flatnonzero(values[1:] > values[:-1] + APART) + 1,
        gone=y[~known].sum(axis=0),
        gone_square=float(np.sum(y[~known] ** 2)),
        gone_rows=int(len(x) - len(values)),
        least=least,
    )
    leaves = list(grower.grow(_Node(low=0, high=len(values), missing=True), depth))
    edges = np.array([edge for _, edge, _ in leaves[:-1]])
    means = np.array([mean for mean, _, _ in leaves])
    missing = next(mean for mean, _, here in leaves if here)
    return Staircase(edges=edges, means=means, missing=missing)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Node:
    """Places `low` up to `high` of the order; whether rows without a value are here."""

    low: int
    high: int
    missing: bool


Leaf = tuple[Numbers, float, bool]  # mean, upper edge, whether a missing value is here


@dataclass(frozen=True, kw_only=True, slots=True)
class _Grower:
    """The column in order, sums of the targets before each place, and of the rest."""

    values: Numbers
    sums: Numbers
    squares: Numbers
    gaps: NDArray[np.int64]
    gone: Numbers
    gone_square: float
    gone_rows: int
    least: int

    def grow(self, node: _Node, depth: int, edge: float = np.inf) -> Iterator[Leaf]:
        """The leaves below a node, from the left to the right."""
        gone = self.gone_rows if node.missing else 0
        rows = node.high - node.low + gone
        total = self.sums[node.high] - self.sums[node.low]
        square = self.squares[node.high] - self.squares[node.low]
        if gone:
            total, square = total + self.gone, square + self.gone_square
        variance = (square / rows - np.sum((total / rows) ** 2)) / len(total)
        split = None
        if depth and rows >= 2 * self.least and variance > EVEN:
            split = self._split(node, gone, rows, total)
        if split is None:
            yield total / rows, edge, node.missing
            return
        place, gone_left = split
        here, there = node.missing and gone_left, node.missing and not gone_left
        left = _Node(low=node.low, high=place, missing=here)
        right = _Node(low=place, high=node.high, missing=there)
        yield from self.grow(left, depth - 1, self._edge(place))
        yield from self.grow(right, depth - 1, edge)

    def _split(
        self, node: _Node, gone: int, rows: int, total: Numbers
    ) -> tuple[int, bool] | None:
        """The place that parts it best, and whether the missing ones go left."""
        first, last = np.searchsorted(self.gaps, [node.low + 1, node.high])
        places = self.gaps[first:last]
        if gone:  # last, those with a value from those without
            places = np.append(places, node.high)
        found: tuple[float, int, bool] | None = None
        for side in (False, True) if gone else (False,):
            count = places - node.low + (gone if side else 0)
            sums = self.sums[places] - self.sums[node.low] + (self.gone if side else 0)
            able = (count >= self.least) & (rows - count >= self.least)
            if not able.any():
                continue
            count, sums = count[able], sums[able]
            gain = np.sum(sums**2, axis=1) / count
            gain += np.sum((total - sums) ** 2, axis=1) / (rows - count)
            best = int(np.argmax(gain))
            if found is None or gain[best] > found[0]:
                left = side if gone else bool(2 * count[best] > rows)
                found = float(gain[best]), int(places[able][best]), left
        return None if found is None else found[1:]

    def _edge(self, place: int) -> float:
        if place == len(self.values):
            return np.inf
        low, high = self.values[place - 1], self.values[place]
        middle = float(low / 2 + high / 2)
        return float(low) if middle in {float(high), np.inf, -np.inf} else middle
