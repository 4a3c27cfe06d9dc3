"""Histograms: gathered by name, and read again.

Imports NumPy, and is itself imported with the first histogram that is written.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.histogram import BINS
from wellfit.core.signals import Name
from wellfit.record import limits, tidy
from wellfit.record.packing import Counted, pack_many_counts
from wellfit.record.thin import Part
from wellfit.record.tidy import joined

Counts = NDArray[np.int64]
Said = tuple[list[Any], list[Any]]  # steps, rows of counts


def arrange(said: Mapping[str, Said]) -> tuple[list[tuple[str, Counted]], int]:
    """Rows of the table by name, and how many were no counts of 51 bins."""
    alike: dict[tuple[int, ...], list[tuple[str, list[Counts]]]] = {}
    refused = 0
    for name, (steps, rows) in said.items():
        pairs = [pair for pair in map(_tried, steps, rows) if pair]
        refused += len(rows) - len(pairs)
        if pairs:
            told = tuple([step for step, _ in pairs])
            alike.setdefault(told, []).append((name, [counts for _, counts in pairs]))
    full = limits.full(limits.HISTOGRAMS.greatest)
    made: list[tuple[str, Counted]] = []
    for told, named in alike.items():
        at_steps = np.array(told, np.int64)
        counts = np.array([each for _, each in named])
        names = [name for name, _ in named]
        for at in range(0, len(told), full):
            part = slice(at, at + full)
            packed = pack_many_counts(at_steps[part], counts[:, part])
            made += zip(names, packed, strict=True)
    return made, refused


def _tried(step: Any, row: Any) -> tuple[int, Counts] | None:
    try:
        counts = np.asarray(row)
        if counts.shape != (BINS,) or counts.dtype.kind not in "iu":
            return None
        return int(np.int64(step)), counts.astype(np.int64, copy=False)
    except Exception:  # a stranger's step may be anything
        return None


def names(db: sqlite3.Connection) -> list[Name]:
    """The names of all histograms, as they came."""
    query = 'SELECT phase, name, "where" FROM histograms GROUP BY 1, 2, 3'
    return [Name(*row) for row in db.execute(f"{query} ORDER BY min(id)")]


def read(db: sqlite3.Connection, name: Name) -> Part:
    """All steps and counts of a name, in the order in which they were said."""
    return joined(tidy.read(db, tidy.HISTOGRAMS, name))
