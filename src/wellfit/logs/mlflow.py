"""MLflow: a run of the file store, and all runs of a SQLite store."""

import math
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs.curve import Collector
from wellfit.logs.delimited import lines
from wellfit.logs.peek import Peek
from wellfit.logs.rows import number
from wellfit.logs.source import Format, Source

BEGINS = b"SQLite format 3\0"
NAME = "mlflow.runName"
MOST = 10_000  # runs of a store
LARGEST = 1 << 16  # bytes of a parameter or a tag

RUNS = """SELECT run_uuid, name FROM runs WHERE lifecycle_stage = 'active'
    ORDER BY start_time LIMIT ?"""
METRICS = """SELECT key, value, step, is_nan FROM metrics WHERE run_uuid = ?
    ORDER BY timestamp, step"""
INFINITE = 1.7976931348623157e308  # as it stands in a column that has no infinity
PARAMS = "SELECT key, value FROM params WHERE run_uuid = ?"
NAMED = f"SELECT value FROM tags WHERE run_uuid = ? AND key = '{NAME}'"


class MLflowFiles(Format):
    """`mlruns/<experiment>/<run>`: a file for each metric, each parameter, each tag."""

    name: ClassVar = "MLflow run"

    def claims(self, peek: Peek) -> bool:
        """`meta.yaml` of a run, with its metrics beside it."""
        beside = peek.path.parent / "metrics"
        return peek.path.name == "meta.yaml" and beside.is_dir()

    def read(self, peek: Peek) -> Iterable[Source]:
        """The metrics, `timestamp value step` a line, and the parameters."""
        yield run_folder(peek.path.parent)


def run_folder(folder: Path) -> Source:
    """A run of a file store, read."""
    found = Collector()
    for path in _files(folder / "metrics"):
        name = path.relative_to(folder / "metrics").as_posix()
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in lines(file, path):
                _, value, step = (*line.split(), "", "", "")[:3]
                known, at = number(value), number(step)
                if known is not None and (at is None or float(at).is_integer()):
                    found.record()
                    found.add(name, int(at or 0), known)
    return Source(
        format=MLflowFiles.name,
        files=(folder / "meta.yaml",),
        home=folder.parent.parent,
        alone=True,
        run=_tag(folder) or folder.name,
        curves=found.curves(),
        settings=dict(_params(folder / "params")),
    )


def _files(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.rglob("*"))
    except OSError:
        return
    yield from (path for path in found if path.is_file() and not path.is_symlink())


def _params(folder: Path) -> Iterator[tuple[str, str]]:
    for path in _files(folder):
        if path.stat().st_size <= LARGEST:
            name = path.relative_to(folder).as_posix()
            yield name, path.read_text(encoding="utf-8", errors="replace")


def _tag(folder: Path) -> str:
    path = folder / "tags" / NAME
    if not path.is_file() or path.stat().st_size > LARGEST:
        return ""
    return path.read_text(encoding="utf-8", errors="replace").strip()


class MLflowDatabase(Format):
    """`mlflow.db`: the tables of MLflow's SQL store, opened for reading alone."""

    name: ClassVar = "MLflow database"

    def claims(self, peek: Peek) -> bool:
        """A SQLite file with MLflow's tables."""
        if not peek.head.startswith(BEGINS):
            return False
        try:
            with closing(_open(peek.path)) as db:
                tables = {n for (n,) in db.execute("SELECT name FROM sqlite_schema")}
        except sqlite3.Error:
            return False
        return {"runs", "metrics", "params", "tags"} <= tables

    def read(self, peek: Peek) -> Iterable[Source]:
        """Each run that logged a metric."""
        try:
            with closing(_open(peek.path)) as db:
                found = [_run(db, peek.path, *row) for row in db.execute(RUNS, [MOST])]
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise BadLog(
                f"{peek.path} cannot be read ({error}): it is damaged, or no store of "
                "MLflow's"
            ) from error
        told = [source for source in found if source.curves]
        if not told:
            raise BadLog(f"{peek.path} holds no run that logged a metric")
        return told


def _run(db: sqlite3.Connection, path: Path, run: str, name: str | None) -> Source:
    found = Collector()
    for key, value, step, is_nan in db.execute(METRICS, [run]):
        known = math.nan if is_nan else number(value)
        if known is not None and abs(known) == INFINITE:
            known = math.copysign(math.inf, known)
        if known is not None:
            found.record()
            found.add(str(key), int(step or 0), known)
    tags: list[tuple[Any]] = db.execute(NAMED, [run]).fetchall()
    return Source(
        format=MLflowDatabase.name,
        files=(path,),
        home=path.parent,
        alone=True,
        run=str(name or (tags[0][0] if tags else "") or run),
        curves=found.curves(),
        settings={str(k): v for k, v in db.execute(PARAMS, [run])},
    )


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
