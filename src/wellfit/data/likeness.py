"""Rows that are like other rows: within a table, and between two.

Each row is a sum of 64-bit hashes, one a column, so that a column is left out of it by
a subtraction. What is found is held against what comes by chance: where tables have
few different values, rows are equal without being copies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.columns import IDENTIFIER, Kind, Series, finite, texts
from wellfit.data.hashes import GOLDEN, Hashes, mixed

LEFT_OUT = 8  # columns, one at a time, to learn what comes by chance
CELL = 0.01  # of a column's spread: numbers within one cell are nearly equal
COMMON = 0.9  # a column in which two rows agree as often tells no rows apart


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grid:
    """Where a number's cell begins, and how wide it is."""

    start: float
    width: float


def compared(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> list[str]:
    """The columns by which rows are compared: all that do not merely number them."""
    return [n for n in frame.columns if not _numbers_rows(frame[n], kinds[n])]


def _numbers_rows(column: Series, kind: Kind) -> bool:
    if kind is Kind.CONSTANT:
        return True
    counts = pd.api.types.is_numeric_dtype(column.dtype)
    called = IDENTIFIER.search(str(column.name)) is not None
    return kind is Kind.IDENTIFIER and (counts or called)


def cells(
    frame: pd.DataFrame, names: Sequence[str], *, offset: float
) -> dict[str, Grid]:
    """The cells in which numbers are taken for nearly equal, by column."""
    found = {}
    for name in names:
        if not pd.api.types.is_float_dtype(frame[name].dtype):
            continue
        values = finite(frame[name])
        known = values[~np.isnan(values)]
        if len(known) and (spread := _spread(known)) > 0:
            found[name] = Grid(start=offset * spread * CELL, width=spread * CELL)
    return found


def _spread(known: NDArray[np.float64]) -> float:
    low, high = np.quantile(known[:: max(1, len(known) // 100_000)], [0.1, 0.9])
    return float(high - low) / 2.56  # of a normal distribution: its deviation


def hashed(column: Series, *, salt: int, grid: Grid | None = None) -> Hashes:
    """A hash of each value; equal ones have equal hashes, however they are stored.

    With a grid, so have numbers of one cell, and texts that differ in case only.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64) + 0.0  # -0.0 is 0.0
        if grid is not None:
            values = np.floor((values - grid.start) / grid.width)
        values = np.where(np.isnan(values), np.nan, values)
        bits = values.view(np.uint64)
    elif pd.api.types.is_datetime64_dtype(column.dtype):
        bits = column.to_numpy(dtype="datetime64[ns]").view(np.uint64)
    else:
        bits = np.asarray(
            pd.util.hash_pandas_object(texts(column), index=False), dtype=np.uint64
        )
    return mixed(bits + np.uint64((salt * GOLDEN) % 2**64))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """The rows as one hash each, and the hashes of the most diverse columns."""

    whole: Hashes
    columns: Mapping[str, Hashes]

    def without(self, name: str) -> Hashes:
        """The rows' hashes over all columns but one."""
        with np.errstate(over="ignore"):
            return np.asarray(self.whole - self.columns[name], dtype=np.uint64)


def rows_of(
    frame: pd.DataFrame,
    names: Sequence[str],
    kept: Sequence[str],
    grids: Mapping[str, Grid] | None = None,
) -> Rows:
    """Hash the rows over these columns; the columns `kept` can be left out again."""
    whole = np.zeros(len(frame), dtype=np.uint64)
    columns = {}
    for place, name in enumerate(names):
        grid = (grids or {}).get(name)
        found = hashed(frame[name], salt=place + 1, grid=grid)
        with np.errstate(over="ignore"):
            whole += found
        if name in kept:
            columns[name] = found
    return Rows(whole=whole, columns=columns)


def diverse(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The columns with most different values, which tell rows apart best."""
    some = frame.iloc[:: max(1, len(frame) // 10_000)]
    counts = {n: some[n].nunique() for n in names}
    return sorted(names, key=lambda n: -counts[n])[:LEFT_OUT]


def repeats(rows: Rows) -> tuple[int, float]:
    """How many rows repeat an earlier one, and how many of them are copies.

    By chance, rows that agree in all columns but one also agree in that one as often as
    any two rows do. What is above that is copied: of several columns the one that
    explains most is believed.
    """
    found = len(rows.whole) - len(np.unique(rows.whole))
    if not found:
        return 0, 0.0
    return found, max(0.0, min(_copied(rows, n, found) for n in rows.columns))


def _copied(rows: Rows, name: str, found: int) -> float:
    counts = np.unique(rows.columns[name], return_counts=True)[1]
    shares = counts / counts.sum()
    agree = float(np.sum(shares**2))
    if agree >= COMMON:
        return float(found)
    sizes = np.unique(rows.without(name), return_counts=True)[1]
    by_chance = _expected(sizes, shares)
    return (found - by_chance) / (1 - agree)


def _expected(sizes: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    """Of groups of rows that agree elsewhere: how many repeat a value, by chance."""
    size, groups = np.unique(sizes[sizes > 1], return_counts=True)
    share, values = np.unique(shares, return_counts=True)
    total = 0.0
    for many, times in zip(size.tolist(), groups.tolist(), strict=True):
        distinct = float(np.sum(values * (1 - (1 - share) ** many)))
        total += times * (many - distinct)
    return total


def shared(training: Rows, validation: Rows) -> tuple[NDArray[np.bool_], float]:
    """Which rows of validation are in training, and how many of them are copies."""
    matched = np.isin(validation.whole, training.whole)
    if not matched.any():
        return matched, 0.0
    found = (_leaked(training, validation, n, matched) for n in training.columns)
    return matched, max(0.0, min(found))


def _leaked(
    training: Rows, validation: Rows, name: str, matched: NDArray[np.bool_]
) -> float:
    times = _counted(training.columns[name], validation.columns[name])
    share = times / len(training.whole)
    agree = float(share.mean())
    if agree >= COMMON:
        return float(matched.sum())
    alike = _counted(training.without(name), validation.without(name))
    by_chance = 1 - (1 - share) ** alike
    return float(np.sum(matched - by_chance)) / (1 - agree)


def _counted(among: Hashes, wanted: Hashes) -> NDArray[np.int64]:
    """How often each of the wanted is among the others."""
    values, counts = np.unique(among, return_counts=True)
    place = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    return np.where(values[place] == wanted, counts[place], 0)


def offsets() -> Iterator[float]:
    """Two grids, half a cell apart: what one of them parts, the other may join."""
    yield from (0.0, 0.5)


def duplicates(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    target: str | None,
    *,
    exactly: bool = False,
) -> dict[str, Any]:
    """Of the fact `data`: `duplicates`, exact and near, and those that disagree.

    With `exactly`, near ones are not looked for.
    """
    names = compared(frame, kinds)
    if not names or len(frame) < 2:
        return {}
    kept = diverse(frame, names)
    exact = rows_of(frame, names, kept)
    found, copies = repeats(exact)
    said: dict[str, Any] = {
        "rows": len(frame),
        "columns": len(names),
        "repeated": found,
        "copies": round(copies),
        "near": 0 if exactly else round(max(0.0, _near(frame, names, kept) - copies)),
    }
    if target in names and len(names) > 1:
        said["conflicting"] = _conflicting(frame, names, str(target), exact)
    if copies >= 1:
        said["examples"] = _examples(exact.whole)
    return said


def _near(frame: pd.DataFrame, names: Sequence[str], kept: Sequence[str]) -> float:
    """How many rows are copies, where numbers that are nearly equal count as equal."""
    most = 0.0
    for offset in offsets():
        grids = cells(frame, names, offset=offset)
        if grids:
            most = max(most, repeats(rows_of(frame, names, kept, grids))[1])
    return most


def _conflicting(
    frame: pd.DataFrame, names: Sequence[str], target: str, exact: Rows
) -> int:
    """Rows that repeat an earlier one in all columns but the target."""
    salt = names.index(target) + 1
    with np.errstate(over="ignore"):
        inputs = exact.whole - hashed(frame[target], salt=salt)
    return int(len(np.unique(exact.whole)) - len(np.unique(inputs)))


def _examples(whole: Hashes) -> list[list[int]]:
    """The places of the first sets of equal rows, counted from 0."""
    order = np.argsort(whole, kind="stable")
    same = whole[order][1:] == whole[order][:-1]
    starts = np.flatnonzero(same)[:1000]
    pairs = sorted((int(order[s]), int(order[s + 1])) for s in starts)
    return [list(pair) for pair in pairs[:5]]
