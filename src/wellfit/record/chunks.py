"""Numbers by column: gathered, folded into larger chunks, and read again.

Imports NumPy, and is itself imported with the first value that is written: the script
that is watched may set environment variables before it imports NumPy.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.record.packing import PACKED, Packed, pack, unpack

FULL = 8192  # values in a chunk that is merged no further: 64 KiB at most

Part = tuple[NDArray[np.int64], NDArray[np.float64]]  # steps (n), numbers (n)
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


def fold(db: sqlite3.Connection, *, wholly: bool = False) -> None:
    """Move what stands in `recent` into chunks, a signal each, in one transaction.

    A signal's chunks double in length as they merge, up to `FULL` values, so that each
    value is rewritten a few times only; `wholly` merges all that are not full.
    """
    with db:
        gathered: dict[int, list[Part]] = {}
        for signals, steps, numbers in _recent(db):
            for signal, column in zip(signals, numbers, strict=True):
                gathered.setdefault(signal, []).append((steps, column))
        for signal, parts in gathered.items():
            _append(db, signal, parts, wholly=wholly)
        db.execute("DELETE FROM recent")
        for signal in _scattered(db) if wholly else ():
            _append(db, signal, [], wholly=True)


def _recent(
    db: sqlite3.Connection,
) -> Iterator[tuple[list[int], NDArray[np.int64], NDArray[np.float64]]]:
    for packed, *row in db.execute(f"SELECT signals, {PACKED} FROM recent ORDER BY id"):
        signals = np.frombuffer(packed, "<i4").tolist()
        yield signals, *unpack((*row,), len(signals))


def _scattered(db: sqlite3.Connection) -> list[int]:
    query = "SELECT signal FROM chunks WHERE count < ? GROUP BY 1 HAVING count(*) > 1"
    return [signal for (signal,) in db.execute(query, (FULL,))]


def _append(
    db: sqlite3.Connection, signal: int, parts: list[Part], *, wholly: bool
) -> None:
    query = "SELECT id, count FROM chunks WHERE signal = ? ORDER BY id DESC"
    size, merged = sum(len(steps) for steps, _ in parts), []
    for chunk, count in db.execute(query, (signal,)):
        if count >= FULL or (count > size and not wholly):
            break
        size += count
        merged.append((chunk,))
    query = f"SELECT {PACKED} FROM chunks WHERE id = ?"
    earlier = [_part(db.execute(query, chunk).fetchone()) for chunk in reversed(merged)]
    steps, numbers = _joined(earlier + parts)
    db.executemany("DELETE FROM chunks WHERE id = ?", merged)
    db.executemany(
        f"INSERT INTO chunks (signal, {PACKED}) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (signal, *pack(steps[at : at + FULL], numbers[at : at + FULL]))
            for at in range(0, size, FULL)
        ),
    )


def _part(row: Packed) -> Part:
    steps, numbers = unpack(row)
    return steps, numbers[0]


def _joined(parts: Sequence[Part]) -> Part:
    return np.concatenate([s for s, _ in parts]), np.concatenate([n for _, n in parts])


def read(db: sqlite3.Connection, signal: int) -> Part:
    """All steps and numbers of a signal, in the order in which they were said."""
    query = f"SELECT {PACKED} FROM chunks WHERE signal = ? ORDER BY id"
    parts = [_part(row) for row in db.execute(query, (signal,))]
    for signals, steps, numbers in _recent(db):
        if signal in signals:
            parts.append((steps, numbers[signals.index(signal)]))
    return _joined(parts)
