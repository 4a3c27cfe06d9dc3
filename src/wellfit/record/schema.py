"""The tables of `run.db` and the JSON that stands in them; docs/run-folder.md."""

import json
import math
import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wellfit import __version__

DATABASE = "run.db"  # of the only rank, or the first
WAL_BYTES = 4 << 20  # what SQLite checkpoints at, anyway
SCHEMA = 2  # older versions are read for ever; a newer one is refused

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, step INTEGER NOT NULL,
    data TEXT NOT NULL);
CREATE TABLE signals (
    id INTEGER PRIMARY KEY, phase TEXT NOT NULL, name TEXT NOT NULL,
    "where" TEXT NOT NULL, UNIQUE (phase, name, "where"));
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, signal INTEGER NOT NULL REFERENCES signals (id),
    count INTEGER NOT NULL, first INTEGER NOT NULL, stride INTEGER, deltas BLOB,
    numbers BLOB NOT NULL, thinned INTEGER NOT NULL DEFAULT 1);
CREATE INDEX chunks_of_signal ON chunks (signal, id);
CREATE TABLE recent (
    id INTEGER PRIMARY KEY, signals BLOB NOT NULL,
    count INTEGER NOT NULL, first INTEGER NOT NULL, stride INTEGER, deltas BLOB,
    numbers BLOB NOT NULL);
CREATE TABLE histograms (
    id INTEGER PRIMARY KEY, phase TEXT NOT NULL, name TEXT NOT NULL,
    "where" TEXT NOT NULL,
    count INTEGER NOT NULL, first INTEGER NOT NULL, stride INTEGER, deltas BLOB,
    low INTEGER NOT NULL, bins INTEGER NOT NULL, counts BLOB NOT NULL,
    thinned INTEGER NOT NULL DEFAULT 1);
CREATE INDEX histograms_of_name ON histograms (phase, name, "where", id);
"""


def database(rank: int) -> str:
    """The file of a rank: `run.db`, `run-1.db`, `run-2.db`, …"""
    return f"run-{rank}.db" if rank else DATABASE


def create(folder: Path, rank: int = 0) -> sqlite3.Connection:
    """Make `folder` and a new file of the rank; one that is there is never touched.

    Raises OSError or sqlite3.Error, and then leaves no file behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / database(rank)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    db = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    try:
        _lay(db)
    except sqlite3.Error:
        db.close()
        path.unlink(missing_ok=True)
        raise
    return db


def _lay(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # close() gives free pages back
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    db.execute("PRAGMA synchronous = NORMAL")  # in WAL, kill -9 still loses nothing
    db.executescript(f"BEGIN; {TABLES} COMMIT;")
    said = {
        "schema": str(SCHEMA),
        "wellfit": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with db:
        db.executemany("INSERT INTO meta VALUES (?, ?)", said.items())


def plain(value: Any) -> Any:
    """A copy of `value` in what JSON knows, non-finite floats and all.

    NumPy's and torch's scalars and arrays become numbers and lists, keys become text,
    and NaN and the infinities `{"$float": "nan"}`, `"inf"` or `"-inf"`; anything else
    becomes its `str`.

    >>> plain({0: (1.5, float("inf")), "at": Path("data")})
    {'0': [1.5, {'$float': 'inf'}], 'at': 'data'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": str(float(value))}
    for kind in (bool, int, str):  # of a subclass, an enum's say, the value alone
        if isinstance(value, kind):
            return kind(value)
    if hasattr(value, "tolist"):  # a stranger's array or scalar, its library unimported
        return plain(value.tolist())
    return None if value is None else str(value)


def dumps(data: Any) -> str:
    """The JSON of what `plain` made."""
    return json.dumps(data, allow_nan=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """What `dumps` wrote, with its NaN and infinities.

    >>> loads(dumps(plain({"loss": [float("-inf"), 1]})))
    {'loss': [-inf, 1]}
    """
    return json.loads(text, object_hook=_number)


def _number(found: dict[str, Any]) -> Any:
    return float(found["$float"]) if found.keys() == {"$float"} else found
