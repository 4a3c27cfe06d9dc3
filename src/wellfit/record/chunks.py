"""Numbers by column: gathered, folded into chunks, and read again.

Imports NumPy, and is itself imported with the first value that is written: the script
that is watched may set environment variables before it imports NumPy.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.record import tidy
from wellfit.record.packing import PACKED, Packed, pack, unpack
from wellfit.record.thin import Part
from wellfit.record.tidy import joined

Said = tuple[tuple[int, ...], Sequence[Any], Sequence[Any]]  # signals, steps, rows


def arrange(said: Iterable[Said]) -> tuple[list[tuple[Any, ...]], int]:
    """Rows for `recent`, and how many values were no numbers and are left out.

    Signals that were said at the same steps share a row; no two of `said` may hold
    the same signal.
    """
    shared: dict[bytes, list[tuple[tuple[int, ...], NDArray[np.float64]]]] = {}
    refused = 0
    for signals, given, rows in said:
        steps, numbers = _arrays(given, rows, len(signals))
        refused += (len(rows) - len(steps)) * len(signals)
        if numbers.size:
            shared.setdefault(steps.tobytes(), []).append((signals, numbers))
    return [_row(steps, columns) for steps, columns in shared.items()], refused


def signals_of(rows: Iterable[tuple[Any, ...]]) -> set[int]:
    """Which signals such rows hold."""
    return set(np.frombuffer(b"".join(row[0] for row in rows), "<i4").tolist())


def _row(
    steps: bytes, columns: list[tuple[tuple[int, ...], NDArray[np.float64]]]
) -> tuple[Any, ...]:
    signals = np.array([s for ids, _ in columns for s in ids], "<i4")
    numbers = np.concatenate([matrix.T for _, matrix in columns])
    return (signals.tobytes(), *pack(np.frombuffer(steps, np.int64), numbers))


def _arrays(
    steps: Sequence[Any], rows: Sequence[Any], width: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    try:
        numbers = np.array(rows, np.float64).reshape(len(rows), width)
        return np.array(steps, np.int64), numbers
    except Exception:  # a stranger's number type may raise anything: find which it was
        tried = map(_tried, steps, rows)
        kept = [pair for pair in tried if pair and len(pair[1]) == width]
        numbers = np.array([cells for _, cells in kept], np.float64)
        return np.array([s for s, _ in kept], np.int64), numbers.reshape(-1, width)


def _tried(step: Any, row: Any) -> tuple[np.int64, list[float]] | None:
    try:
        cells = row if np.iterable(row) else [row]
        return np.int64(step), [float(cell) for cell in cells]
    except Exception:
        return None


def fold(db: sqlite3.Connection, full: Callable[[int], int]) -> list[int]:
    """Move what stands in `recent` into chunks of `full(signal)`, in one transaction.

    Returns the signals that it was of; `wellfit.record.tidy` then merges their chunks.
    """
    with db:
        gathered: dict[int, list[Part]] = {}
        for signals, row in _recent(db):
            steps, numbers = unpack(row, len(signals))
            for signal, column in zip(signals.tolist(), numbers, strict=True):
                gathered.setdefault(signal, []).append((steps, column))
        for signal, parts in gathered.items():
            _put(db, signal, joined(parts), full(signal))
        db.execute("DELETE FROM recent")
    return list(gathered)


def _recent(db: sqlite3.Connection) -> Iterator[tuple[NDArray[np.int32], Packed]]:
    query = f"SELECT signals, {PACKED} FROM recent ORDER BY id"
    for packed, *row in db.execute(query):
        yield np.frombuffer(packed, "<i4"), (*row,)


def _put(db: sqlite3.Connection, signal: int, part: Part, full: int) -> None:
    steps, numbers = part
    db.executemany(
        f"INSERT INTO chunks (signal, {PACKED}) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (signal, *pack(steps[at : at + full], numbers[at : at + full]))
            for at in range(0, len(steps), full)
        ),
    )


def read(db: sqlite3.Connection, signal: int) -> Part:
    """All steps and numbers of a signal, in the order in which they were said."""
    parts = tidy.read(db, tidy.CHUNKS, (signal,))
    for signals, row in _recent(db):
        for at in np.flatnonzero(signals == signal).tolist():
            steps, numbers = unpack(row, len(signals), only=at)
            parts.append((steps, numbers[0]))
    return joined(parts)
