"""The ledger: what helped what, on this machine, and what wellfit came with.

It is a SQLite file in the user's own folder, a row a verdict, written at the end of
each treatment; the next one tries first what helped most often. It stays on the
machine, and holds nothing of a script but what kind of training it is. With
`WELLFIT_LEDGER=off`, or `ledger = false` under `[tool.wellfit]`, nothing is kept or
asked.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from wellfit import __version__
from wellfit.record.home import home
from wellfit.record.redact import redact
from wellfit.trials.experience import BENCH, Entry, Experience, tally

FILE = "ledger.db"
LEARNT = Path(__file__).parent / "learnt.json"  # by bench/repair; it may be absent
VERSION = 1  # of the table
WAITING = 10.0  # seconds, for another process that writes
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

TABLE = """CREATE TABLE IF NOT EXISTS verdicts (
    id INTEGER PRIMARY KEY, treatment TEXT NOT NULL, day TEXT NOT NULL,
    wellfit TEXT NOT NULL, rule TEXT NOT NULL, remedy TEXT NOT NULL,
    params TEXT NOT NULL, beside TEXT NOT NULL, framework TEXT NOT NULL,
    task TEXT NOT NULL, stage TEXT NOT NULL, outcome TEXT NOT NULL,
    helped INTEGER, gain REAL, pairs INTEGER NOT NULL, steps INTEGER)"""
COLUMNS = tuple(Entry.__dataclass_fields__)
PUT = f"""INSERT INTO verdicts (treatment, day, wellfit, {", ".join(COLUMNS)})
    VALUES ({", ".join("?" * (3 + len(COLUMNS)))})"""
GET = f"SELECT treatment, {', '.join(COLUMNS)} FROM verdicts ORDER BY id"


def experience(
    *, rule: str | None = None, remedy: str | None = None
) -> tuple[Experience, ...]:
    """How remedies fared against what rules find: on this machine, and in the bench.

    Of one `rule` or one `remedy`, where they are named; what was tried most comes
    first. A ledger that cannot be read is as one that is empty.
    """
    ledger = Ledger.here()
    found = () if ledger is None else (*ledger.experience(), *learnt())
    chosen = [
        one
        for one in found
        if rule in (None, one.rule) and remedy in (None, one.remedy)
    ]
    return tuple(sorted(chosen, key=lambda one: -one.tried))


@cache
def learnt(file: Path = LEARNT) -> tuple[Experience, ...]:
    """What the bench has learnt, as it came with wellfit."""
    if not file.is_file():
        return ()
    said = json.loads(file.read_text(encoding="utf-8"))["experience"]
    return tuple(Experience(**one, source=BENCH) for one in said)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The file. Nothing that happens to it ends a treatment: `notes` say it."""

    path: Path
    notes: list[str] = field(default_factory=list)

    @classmethod
    def here(cls) -> "Ledger | None":
        """The user's; None where that is not wanted, or there is no place for it."""
        if os.environ.get("WELLFIT_LEDGER", "").lower() in ("off", "0", "false", "no"):
            return None
        try:
            return cls(path=home() / FILE)
        except RuntimeError:  # a user without a home
            return None

    def experience(self, *, but: str = "") -> tuple[Experience, ...]:
        """How remedies fared; all that was kept, `but` of one treatment."""
        return tally(kept for kept in self.entries() if kept[0] != but)

    def entries(self) -> list[tuple[str, Entry]]:
        """All that was kept, with the treatments it is of; none where unreadable."""
        found: list[tuple[str, Entry]] = []

        def get(db: sqlite3.Connection) -> None:
            if _version(db):  # else nobody has written to it yet
                found.extend((name, _read(row)) for name, *row in db.execute(GET))

        if self.path.exists():
            self._do("read", get)
        return found

    def keep(self, treatment: str, entries: Sequence[Entry]) -> None:
        """Write down what came of a treatment, in place of what it had said before."""
        told = treatment, f"{datetime.now(UTC):%Y-%m-%d}", __version__
        rows = [(*told, *_written(entry)) for entry in entries]
        fresh = not self.path.exists()
        if fresh and not rows:
            return

        def put(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            if _version(db) > VERSION:
                raise ValueError("a newer wellfit has made it")
            db.execute(TABLE)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("DELETE FROM verdicts WHERE treatment = ?", (treatment,))
            db.executemany(PUT, rows)
            db.execute("COMMIT")

        aside = self._do("written", put)
        if aside:
            self._do("written", put)
        if fresh and not self.notes:
            self.notes.append(
                f"what was tried is kept in {_named(self.path)}, for the order of what "
                "is tried next; with WELLFIT_LEDGER=off nothing is"
            )

    def _do(self, what: str, act: Callable[[sqlite3.Connection], None]) -> bool:
        """Whether a damaged file was put aside; any fault is noted."""
        seen = _inode(self.path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, timeout=WAITING, isolation_level=None)
            with closing(db):  # which undoes what was not committed
                act(db)
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                return self._put_aside(error, seen)
            said = f"the ledger {_named(self.path)} could not be {what}: {error}"
            self.notes.append(said)
        return False

    def _put_aside(self, error: Exception, seen: tuple[int, int] | None) -> bool:
        if _inode(self.path) != seen:
            return True  # another process has put it aside already
        said = f"the ledger {_named(self.path)} is damaged ({error})"
        try:
            aside = _renamed(self.path)
        except OSError as fault:
            self.notes.append(f"{said} and could not be put aside: {fault}")
            return False
        self.notes.append(f"{said}: it is kept as {aside.name}, and a new one is begun")
        return True


def _renamed(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}.damaged-{n}{path.suffix}") for n in count(1))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    with suppress(OSError):  # else the next file would be mended by it
        journal = path.with_name(f"{path.name}-journal")
        journal.rename(aside.with_name(f"{aside.name}-journal"))
    return aside


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _written(entry: Entry) -> list[Any]:
    said = asdict(entry)
    said["params"] = json.dumps(said["params"], sort_keys=True)
    said["beside"] = " ".join(said["beside"])
    return [said[name] for name in COLUMNS]


def _read(row: Sequence[Any]) -> Entry:
    said = dict(zip(COLUMNS, row, strict=True))
    said["params"] = json.loads(said["params"])
    said["beside"] = tuple(said["beside"].split())
    said["helped"] = None if said["helped"] is None else bool(said["helped"])
    return Entry(**said)


def _named(path: Path) -> str:
    return redact(str(path))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
