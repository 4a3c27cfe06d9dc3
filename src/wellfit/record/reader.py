"""A run folder, read: while it is written, after it was closed, after a `kill -9`."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from wellfit.core.errors import BadRun
from wellfit.core.histogram import Histogram
from wellfit.core.run import Event, Run, Signal
from wellfit.core.signals import Name
from wellfit.record import chunks, histograms
from wellfit.record.folder import databases
from wellfit.record.ranks import join
from wellfit.record.schema import DATABASE, SCHEMA, loads

K = TypeVar("K")
T = TypeVar("T")

DAMAGE = (sqlite3.Error, ValueError, TypeError, LookupError, ArithmeticError)
BARRED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_BUSY")


def open_run(path: str | Path) -> Run:
    """Open a recorded run: its folder, or the `run.db` in it.

    Facts and events are read now, each signal and each histogram when it is first
    asked for; of a run that is still written, as it then stands. Where several ranks
    trained together, it is the first of them that could be read, with the others in
    `ranks` and signals of how they differ; a note tells of each that is missing.
    `BadRun` where there is no run, where it is damaged, or where a newer wellfit wrote
    it. The file of another rank opens that rank alone.
    """
    opened: dict[int, Run] = {}
    missing: dict[int, str] = {}
    faults = []
    for rank, database in _databases(Path(path)).items():
        try:
            opened[rank] = _open(database)
        except BadRun as error:
            faults.append(error)
            missing[rank] = str(error)
    if not opened:
        raise faults[0]
    return join(opened, missing)


def _open(database: Path) -> Run:
    with reading(database) as db:
        version = _version(db, database)
        facts = {name: loads(text) for name, text in db.execute(FACTS)}
        events = tuple(
            Event(kind=kind, step=step, data=MappingProxyType(loads(text)))
            for kind, step, text in db.execute(EVENTS)
        )
        numbers = {str(Name(*name)): number for number, *name in db.execute(SIGNALS)}
        counted = histograms.names(db) if version > 1 else []
    return Run(
        facts=MappingProxyType(facts),
        signals=Lazy(database, numbers, _signal),
        histograms=Lazy(database, {str(name): name for name in counted}, _histogram),
        events=events,
        path=database.parent,
    )


FACTS = "SELECT name, value FROM facts ORDER BY rowid"
EVENTS = "SELECT kind, step, data FROM events ORDER BY id"
SIGNALS = 'SELECT id, phase, name, "where" FROM signals ORDER BY id'


class Lazy(Mapping[str, T], Generic[K, T]):
    """Signals or histograms by full name, as created; each read on first use."""

    def __init__(
        self,
        database: Path,
        keys: Mapping[str, K],
        read: Callable[[sqlite3.Connection, str, K], T],
    ) -> None:
        self._database = database
        self._keys = keys
        self._open = read
        self._read: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._read:
            key = self._keys[name]
            with reading(self._database) as db:
                self._read[name] = self._open(db, name, key)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _signal(db: sqlite3.Connection, name: str, number: int) -> Signal:
    steps, values = chunks.read(db, number)
    return Signal(name=name, steps=steps, values=values)


def _histogram(db: sqlite3.Connection, name: str, key: Name) -> Histogram:
    steps, counts = histograms.read(db, key)
    return Histogram(name=name, steps=steps, counts=counts)


def _databases(path: Path) -> dict[int, Path]:
    """The files to read, by rank."""
    if not path.exists():
        raise BadRun(
            f"no run at {path}: expected a run folder or its {DATABASE}, "
            "and there is nothing of that name; `wellfit list` shows what there is"
        )
    if path.is_file() and path.name != DATABASE:
        return {0: path.resolve()}
    found = databases((path if path.is_dir() else path.parent).resolve())
    if not found:
        raise BadRun(
            f"{path} is no run folder: it holds no {DATABASE}; "
            "`wellfit list` shows the runs there are"
        )
    return found


@contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """One consistent view, for as short as it takes: the writer is never held up."""
    try:
        uri = f"{database.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.execute("BEGIN")
            yield db
    except BadRun:
        raise
    except DAMAGE as error:
        raise BadRun(
            f"{database} cannot be read ({error}): {_remedy(error)}"
        ) from error


def _remedy(error: Exception) -> str:
    if getattr(error, "sqlite_errorname", "").startswith(BARRED):
        return (
            "expected a file that may be opened, and for a run that was not closed a "
            "folder that may be written to; copy the whole folder to where you may"
        )
    return "it is damaged, or no run; restore it from a copy, or record it again"


def _version(db: sqlite3.Connection, database: Path) -> int:
    """Of the tables; `BadRun` where they are none of ours, or newer than this."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    if "meta" not in tables:
        raise BadRun(
            f"{database} is no run: expected the tables of wellfit, found "
            f"{', '.join(sorted(tables)) or 'none'}"
        )
    ((version,),) = db.execute("SELECT value FROM meta WHERE key = 'schema'")
    if int(version) > SCHEMA:
        raise BadRun(
            f"{database} was written by a newer wellfit: its tables are of version "
            f"{version}, and this one reads up to {SCHEMA}; pip install -U wellfit"
        )
    return int(version)
