"""A run folder as it grows: what has come since it was last asked."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wellfit.core.histogram import Histogram
from wellfit.core.run import Event, Run, Signal
from wellfit.core.signals import Name
from wellfit.record.packing import PACKED, unpack
from wellfit.record.reader import open_run, reading
from wellfit.record.schema import DATABASE
from wellfit.record.thin import Part


class Mark(NamedTuple):
    """Up to where something was given: how many values, and the step of the last."""

    values: int
    step: int


NOWHERE = Mark(0, -1)
NAMED = 'SELECT id, phase, name, "where" FROM signals'
Steps = NDArray[np.int64]
Values = NDArray[np.float64]


def created(path: Path) -> float | None:
    """When a run folder was begun, in seconds since 1970; None where it is not said."""
    with reading(path / DATABASE) as db:
        found = db.execute("SELECT value FROM meta WHERE key = 'created'").fetchone()
    return datetime.fromisoformat(found[0]).timestamp() if found else None


class Tail:
    """Gives each value of a run folder once, to whoever follows it.

    What it gives is a Run: all the facts as they then stand, and of signals, histograms
    and events those that are new. What was recorded may be thinned between two looks:
    then the new values are those at later steps than the last that was given.
    """

    def __init__(self) -> None:
        self._given: dict[tuple[type, str], Mark] = {}
        self._events: tuple[int, Event | None] = (0, None)  # how many, and the last

    def new(self, path: Path) -> Run:
        """What came into that run folder since; `BadRun` where it cannot be read."""
        run = open_run(path)
        with reading(Path(run.path or path) / DATABASE) as db:
            names = {id_: str(Name(*name)) for id_, *name in db.execute(NAMED)}
            marks = {id_: self._mark(Signal, name) for id_, name in names.items()}
            last = _last_of(db, marks)
            counted = _counted(db) if run.histograms else {}
        return self._new(
            run,
            [self._signal(names[id_], *last[id_]) for id_ in sorted(last)],
            [
                self._histogram(run.histograms[name])
                for name, rows in counted.items()
                if rows != self._mark(Histogram, name).values
            ],
        )

    def rest(self, run: Run) -> Run:
        """What of the whole run was not given yet."""
        signals = run.signals.values()
        return self._new(
            run,
            [self._signal(s.name, 0, s.steps, s.values) for s in signals],
            [self._histogram(h) for h in run.histograms.values()],
        )

    def _new(self, run: Run, signals: list[Signal], counts: list[Histogram]) -> Run:
        events = _later(run.events, *self._events)
        if run.events:
            self._events = len(run.events), run.events[-1]
        return replace(
            run,
            signals={s.name: s for s in signals if len(s)},
            histograms={h.name: h for h in counts if len(h)},
            events=events,
        )

    def _mark(self, kind: type, name: str) -> Mark:
        return self._given.get((kind, name), NOWHERE)

    def _signal(self, name: str, before: int, steps: Steps, values: Values) -> Signal:
        """What is new among the last values of a signal, `before` of them left out."""
        new = self._taken(Signal, name, before, steps)
        return Signal(name=name, steps=steps[new], values=values[new])

    def _histogram(self, all_of_it: Histogram) -> Histogram:
        name, steps = all_of_it.name, all_of_it.steps
        new = self._taken(Histogram, name, 0, steps)
        return Histogram(name=name, steps=steps[new], counts=all_of_it.counts[new])

    def _taken(
        self, kind: type, name: str, before: int, steps: Steps
    ) -> NDArray[np.intp]:
        new = _after(self._mark(kind, name), before, steps)
        if len(steps):
            self._given[kind, name] = Mark(before + len(steps), int(steps[-1]))
        return new


def _later(
    events: tuple[Event, ...], given: int, last: Event | None
) -> tuple[Event, ...]:
    if last is None or (given <= len(events) and events[given - 1] == last):
        return events[given:]
    return tuple(event for event in events if event.step > last.step)


def _after(mark: Mark, before: int, steps: Steps) -> NDArray[np.intp]:
    if _whole(mark, before, steps):
        return np.arange(mark.values - before, len(steps))
    return np.flatnonzero(steps > mark.step)


def _whole(mark: Mark, before: int, steps: Steps) -> bool:
    """Whether what was given stands where it stood: nothing of it was thinned."""
    at = mark.values - before
    return mark == NOWHERE or bool(0 < at <= len(steps) and steps[at - 1] == mark.step)


def _last_of(
    db: sqlite3.Connection, marks: Mapping[int, Mark]
) -> dict[int, tuple[int, Steps, Values]]:
    """Of each signal that has changed, how many values come before, and the last."""
    query = "SELECT signal, sum(count) FROM chunks GROUP BY signal"
    packed: dict[int, int] = dict(db.execute(query).fetchall())
    recent = _recent(db)
    found = {}
    for signal, mark in marks.items():
        parts = recent.get(signal, [])
        total = packed.get(signal, 0) + sum(len(steps) for steps, _ in parts)
        if total != mark.values:
            steps, values = _last(db, signal, total - max(mark.values - 1, 0), parts)
            if not _whole(mark, total - len(steps), steps):
                steps, values = _last(db, signal, total, parts)
            found[signal] = (total - len(steps), steps, values)
    return found


def _counted(db: sqlite3.Connection) -> dict[str, int]:
    query = 'SELECT sum(count), phase, name, "where" FROM histograms GROUP BY 2, 3, 4'
    return {str(Name(*name)): rows for rows, *name in db.execute(query)}


def _recent(db: sqlite3.Connection) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = {}
    for ids, *row in db.execute(f"SELECT signals, {PACKED} FROM recent ORDER BY id"):
        signals = np.frombuffer(ids, "<i4").tolist()
        steps, numbers = unpack((*row,), len(signals))
        for signal, column in zip(signals, numbers, strict=True):
            found.setdefault(signal, []).append((steps, column))
    return found


def _last(db: sqlite3.Connection, signal: int, wanted: int, recent: list[Part]) -> Part:
    """At least the last `wanted` values: from chunks too, where `recent` is short."""
    missing = wanted - sum(len(steps) for steps, _ in recent)
    query = f"SELECT {PACKED} FROM chunks WHERE signal = ? ORDER BY id DESC"
    earlier: list[Part] = []
    for row in db.execute(query, (signal,)) if missing > 0 else ():
        steps, numbers = unpack(row)
        earlier.append((steps, numbers[0]))
        missing -= len(steps)
        if missing <= 0:
            break
    parts = [*reversed(earlier), *recent]
    none: Part = np.empty(0, np.int64), np.empty(0)
    return (
        np.concatenate([none[0], *(steps for steps, _ in parts)]),
        np.concatenate([none[1], *(values for _, values in parts)]),
    )
