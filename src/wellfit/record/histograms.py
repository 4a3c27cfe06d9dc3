"""Histograms: gathered by name, and read again.

Imports NumPy, and is itself imported with the first histogram that is written.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.histogram import BINS
from wellfit.core.signals import Name
from wellfit.record import limits, tidy
from wellfit.record.packing import Counted, pack_counts
from wellfit.record.thin import Part
from wellfit.record.tidy import joined


def arrange(steps: Sequence[Any], rows: Sequence[Any]) -> tuple[list[Counted], int]:
    """Rows of the table without a name, and how many are no counts of 51 bins."""
    pairs = [pair for pair in map(_tried, steps, rows) if pair]
    refused, full = len(rows) - len(pairs), limits.full(limits.HISTOGRAMS.greatest)
    return [_row(pairs[at : at + full]) for at in range(0, len(pairs), full)], refused


def _row(pairs: list[tuple[np.int64, NDArray[np.int64]]]) -> Counted:
    steps = np.array([step for step, _ in pairs], np.int64)
    return pack_counts(steps, np.array([counts for _, counts in pairs]))


def _tried(step: Any, row: Any) -> tuple[np.int64, NDArray[np.int64]] | None:
    try:
        counts = np.asarray(row)
        fits = counts.shape == (BINS,) and counts.dtype.kind in "iu"
        return (np.int64(step), counts.astype(np.int64)) if fits else None
    except Exception:  # a stranger's step may be anything
        return None


def names(db: sqlite3.Connection) -> list[Name]:
    """The names of all histograms, as they came."""
    query = 'SELECT phase, name, "where" FROM histograms GROUP BY 1, 2, 3'
    return [Name(*row) for row in db.execute(f"{query} ORDER BY min(id)")]


def read(db: sqlite3.Connection, name: Name) -> Part:
    """All steps and counts of a name, in the order in which they were said."""
    return joined(tidy.read(db, tidy.HISTOGRAMS, name))
