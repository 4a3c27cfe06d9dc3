"""Rows of names and cells, whichever format they come from: as curves by step."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from wellfit.logs.curve import Collector, Curve, Curves
from wellfit.logs.position import Axis, Clock, axis

SAMPLE = 1000  # rows that decide which column counts what
MISSING = {"", "na", "n/a", "none", "null", "-", "--", "?"}
WRAPPED = re.compile(r"(?:tensor|array|np\.float\d+|float)\(\s*([^,()\s]+).*\)")
MOST_LEFT = 100  # columns that are named as left


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gathered:
    """The curves of rows, where they stand, and the columns that held no numbers."""

    curves: Curves
    axis: Axis
    left: tuple[str, ...]
    notes: tuple[str, ...] = ()


def gather(rows: Iterable[Mapping[str, Any]], counted: Axis | None = None) -> Gathered:
    """Read rows one by one; which columns count is found out from the first of them.

    >>> rows = [{"step": "10", "loss": "0.5"}, {"step": "20", "loss": "nan"}]
    >>> found = gather(rows)
    >>> found.axis.unit, found.curves["loss"].steps.tolist()
    ('step', [10, 20])
    """
    left: dict[str, None] = {}
    numbered = _numbered(rows, left)
    sample = list(islice(numbered, SAMPLE))
    chosen = counted or axis(sample)
    found, clock = Collector(), Clock(chosen)
    for row in chain(sample, numbered):
        found.record()
        step = clock.at(row)
        for name, value in row.items():
            if name != chosen.column:
                found.add(name, step, value)
    curves, notes = _without_gaps(found.curves())
    if found.refused:
        notes += (f"{found.refused} more columns than can be kept were left out",)
    return Gathered(
        curves=curves,
        axis=chosen,
        left=tuple(name for name in left if name not in curves),
        notes=notes,
    )


def number(cell: Any) -> float | None:
    """The number in a cell; None where there is none.

    >>> [number(c) for c in ("0.5", " NaN", "-inf", "12%", "tensor(0.25)", True, "x")]
    [0.5, nan, -inf, 12.0, 0.25, None, None]
    """
    if isinstance(cell, str):
        return _spelled(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    try:
        return float(cell)
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def _spelled(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        pass
    wrapped = WRAPPED.fullmatch(cell.strip())
    try:
        return float(wrapped[1] if wrapped else cell.strip().removesuffix("%"))
    except ValueError:
        return None


def is_missing(cell: Any) -> bool:
    """Whether a cell says that there is nothing."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def _numbered(
    rows: Iterable[Mapping[str, Any]], left: dict[str, None]
) -> Iterator[dict[str, float]]:
    for row in rows:
        found = {}
        for name, cell in row.items():
            value = number(cell)
            if value is not None:
                found[name] = value
            elif not is_missing(cell) and len(left) < MOST_LEFT:
                left[name] = None
        yield found


def _without_gaps(curves: Curves) -> tuple[dict[str, Curve], tuple[str, ...]]:
    """Without the NaN that fill the gaps of a table whose columns are sparse.

    One that is NaN in most rows, and has numbers again after each, was not evaluated
    there. In such a table a NaN of the other columns counts only at their end, where
    it lasts.
    """
    sparse = [name for name, curve in curves.items() if _is_sparse(curve)]
    if not sparse:
        return dict(curves), ()
    kept = {}
    for name, curve in curves.items():
        nan = np.isnan(curve.values)
        finite = np.flatnonzero(~nan)
        lasting = name not in sparse and len(finite) and len(nan) - finite[-1] > 3
        last = finite[-1] if lasting else len(nan)
        kept[name] = curve.where(~nan | (np.arange(len(nan)) > last))
    return kept, ("NaN fills the gaps of this table: taken for nothing there",)


def _is_sparse(curve: Curve) -> bool:
    nan = np.isnan(curve.values)
    if len(nan) < 4 or nan.mean() <= 0.5:
        return False
    after = ~nan[1:] & nan[:-1]
    return int(after.sum()) >= 2
