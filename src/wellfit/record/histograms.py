"""Histograms: gathered by name, put into larger rows, and read again.

Imports NumPy, and is itself imported with the first histogram that is written.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.histogram import BINS
from wellfit.core.signals import Name
from wellfit.record.packing import COUNTED, Counted, pack_counts, unpack_counts

Part = tuple[NDArray[np.int64], NDArray[np.int64]]  # steps (n), counts (n × 51)

OF_NAME = 'WHERE phase = ? AND name = ? AND "where" = ?'


def arrange(steps: Sequence[Any], rows: Sequence[Any]) -> tuple[Counted | None, int]:
    """A row of the table without its name, and how many are no counts of 51 bins."""
    pairs = [pair for pair in map(_tried, steps, rows) if pair]
    if not pairs:
        return None, len(rows)
    counts = np.array([row for _, row in pairs])
    packed = pack_counts(np.array([step for step, _ in pairs], np.int64), counts)
    return packed, len(rows) - len(pairs)


def _tried(step: Any, row: Any) -> tuple[np.int64, NDArray[np.int64]] | None:
    try:
        counts = np.asarray(row)
        fits = counts.shape == (BINS,) and counts.dtype.kind in "iu"
        return (np.int64(step), counts.astype(np.int64)) if fits else None
    except Exception:  # a stranger's step may be anything
        return None


def gather(db: sqlite3.Connection, name: Name) -> None:
    """Put all rows of a name into one, in a transaction."""
    with db:
        query = f"SELECT id FROM histograms {OF_NAME} ORDER BY id"
        ids = [id_ for (id_,) in db.execute(query, name)]
        packed = pack_counts(*read(db, name))
        db.execute(f"DELETE FROM histograms {OF_NAME}", name)
        values = ", ".join("?" * 11)
        db.execute(
            f'INSERT INTO histograms (id, phase, name, "where", {COUNTED})'
            f" VALUES ({values})",
            (ids[0], *name, *packed),
        )


def names(db: sqlite3.Connection) -> list[Name]:
    """The names of all histograms, as they came."""
    query = 'SELECT phase, name, "where" FROM histograms GROUP BY 1, 2, 3'
    return [Name(*row) for row in db.execute(f"{query} ORDER BY min(id)")]


def read(db: sqlite3.Connection, name: Name) -> Part:
    """All steps and counts of a name, in the order in which they were said."""
    query = f"SELECT {COUNTED} FROM histograms {OF_NAME} ORDER BY id"
    parts = [unpack_counts(row) for row in db.execute(query, name)]
    return np.concatenate([s for s, _ in parts]), np.concatenate([c for _, c in parts])
