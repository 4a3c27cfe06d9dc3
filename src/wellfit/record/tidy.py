"""What stands in rows of a table, packed into fewer and thinned.

Imports NumPy, and is itself imported with the first value that is written.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wellfit.record.packing import COUNTED, PACKED, pack, pack_counts, unpack
from wellfit.record.packing import unpack_counts as unpack_counted
from wellfit.record.thin import (
    Part,
    Row,
    coarser,
    counts_left,
    groups,
    numbers_left,
    thin_counts,
    thin_numbers,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """How a table holds what it holds: the rows of a key are one sequence, by id."""

    name: str
    key: str  # the condition by which its rows are found
    columns: str
    pack: Callable[..., tuple[Any, ...]]
    unpack: Callable[[Any], Part]
    thin: Callable[..., Part]
    left: Callable[[int, int], int]


def _unpack_numbers(row: Any) -> Part:
    steps, numbers = unpack(row)
    return steps, numbers[0]


CHUNKS = Table(
    name="chunks",
    key="signal = ?",
    columns=PACKED,
    pack=pack,
    unpack=_unpack_numbers,
    thin=thin_numbers,
    left=numbers_left,
)
HISTOGRAMS = Table(
    name="histograms",
    key='phase = ? AND name = ? AND "where" = ?',
    columns=COUNTED,
    pack=pack_counts,
    unpack=unpack_counted,
    thin=thin_counts,
    left=counts_left,
)


def read(db: sqlite3.Connection, table: Table, key: Sequence[Any]) -> list[Part]:
    """All that stands under a key, in the order in which it was said."""
    query = f"SELECT {table.columns} FROM {table.name} WHERE {table.key} ORDER BY id"
    return [table.unpack(row) for row in db.execute(query, key)]


def joined(parts: Sequence[Part]) -> Part:
    """One after the other."""
    return np.concatenate([s for s, _ in parts]), np.concatenate([d for _, d in parts])


def tidy(
    db: sqlite3.Connection,
    table: Table,
    key: Sequence[Any],
    *,
    most: int,
    full: int,
    wholly: bool = False,
) -> None:
    """Thin what is more than `most`, and merge small rows into such of `full`.

    Only rows that change are read and written.
    """
    query = f"SELECT id, count, thinned FROM {table.name} WHERE {table.key} ORDER BY id"
    before = [Row(id=i, count=n, thinned=t) for i, n, t in db.execute(query, key)]
    after = before
    if sum(row.count for row in before) > most:
        after = coarser(before, most, table.left)
    for some in groups(before, after, full, wholly=wholly):
        _rewrite(db, table, before[some], after[some], full)


def _rewrite(
    db: sqlite3.Connection,
    table: Table,
    before: Sequence[Row],
    after: Sequence[Row],
    full: int,
) -> None:
    """Thin rows, and put them into as few."""
    parts = []
    for was, row in zip(before, after, strict=True):
        part, factor = _get(db, table, row), row.thinned // was.thinned
        parts.append(table.thin(*part, factor) if factor > 1 else part)
    steps, data = joined(parts)
    size = max(full, -(-len(steps) // len(before)))  # there are no ids for more rows
    starts = range(0, len(steps), size)
    for row, at in zip(after, starts, strict=False):
        _set(db, table, row, (steps[at : at + size], data[at : at + size]))
    gone = [(row.id,) for row in after[len(starts) :]]
    db.executemany(f"DELETE FROM {table.name} WHERE id = ?", gone)


def _get(db: sqlite3.Connection, table: Table, row: Row) -> Part:
    query = f"SELECT {table.columns} FROM {table.name} WHERE id = ?"
    return table.unpack(db.execute(query, (row.id,)).fetchone())


def _set(db: sqlite3.Connection, table: Table, row: Row, part: Part) -> None:
    columns = f"{table.columns}, thinned"
    values = ", ".join("?" for _ in columns.split(","))
    query = f"UPDATE {table.name} SET ({columns}) = ({values}) WHERE id = ?"
    db.execute(query, (*table.pack(*part), row.thinned, row.id))
