"""Keeps a run folder compact and bounded while it is written."""

import math
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from wellfit.core.signals import Name
from wellfit.record import limits

if TYPE_CHECKING:
    from wellfit.record.store import Pending

FOLD_ROWS = 128  # a reader goes through all of `recent` for a signal
FOLD_VALUES = 1 << 18  # 2 MiB; where there are many signals, so many of each:
FOLD_STEPS, FOLD_MOST = 1 << 10, 1 << 21  # but no more than that together
COUNT_ROWS = 16  # of a histogram
SECONDS = 0.3  # of tidying between two commits
TOGETHER = 64  # tidied in one transaction


class Upkeep:
    """Knows how much there is of everything on disk, and packs and thins it.

    What fails is left as it is, and done another time.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._rows = self._values = 0  # in `recent`
        self._whole: set[int] = set()  # signals of the whole run
        self._places: set[int] = set()
        self._counted: Counter[Name] = Counter()  # rows of a histogram since it was due
        self._events: dict[str, list[int]] = {}  # ids, by kind
        self._last_event = 0
        self._due: dict[int | Name, None] = {}  # signals and histograms, in order

    def saw(self, put: "Pending") -> None:
        """Note what has just been written."""
        self._rows += len(put.rows)
        self._values += sum(row[1] * len(row[0]) // 4 for row in put.rows)
        for id_, _, _, where in put.signals:
            (self._places if where else self._whole).add(id_)
        for kind, *_ in put.events:
            self._last_event += 1
            self._events.setdefault(kind, []).append(self._last_event)
        self._counted.update(Name(*row[:3]) for row in put.histograms)

    def work(self) -> None:
        """What is due, for a while, in short transactions of their own."""
        signals = len(self._whole) + len(self._places)
        enough = min(max(FOLD_VALUES, FOLD_STEPS * signals), FOLD_MOST)
        if self._rows >= FOLD_ROWS or self._values >= enough:
            self._fold()
        full = [name for name, rows in self._counted.items() if rows >= COUNT_ROWS]
        self._due |= dict.fromkeys(full)
        self._counted |= dict.fromkeys(full, 0)
        self._tidy(until=time.monotonic() + SECONDS)
        self._spread()

    def finish(self) -> None:
        """All of it: the run is at its end."""
        if self._whole or self._places:
            self._fold()
        self._due = dict.fromkeys([*self._whole, *self._places, *self._counted])
        self._tidy(wholly=True)
        with suppress(sqlite3.Error):
            self._db.executescript("PRAGMA incremental_vacuum")  # a row for each page
            self._db.execute("PRAGMA journal_mode = DELETE")

    def _fold(self) -> None:
        from wellfit.record import chunks

        self._rows = self._values = 0  # after a fault, too: not every second again
        with suppress(sqlite3.Error):
            folded = chunks.fold(self._db, lambda id_: limits.full(self._most(id_)))
            self._due |= dict.fromkeys(folded)

    def _most(self, key: int | Name) -> int:
        if isinstance(key, Name):
            return limits.HISTOGRAMS.among(len(self._counted))
        if key in self._whole:
            return limits.WHOLE.among(len(self._whole))
        return limits.PLACES.among(len(self._places))

    def _tidy(self, *, until: float = math.inf, wholly: bool = False) -> None:
        while self._due and time.monotonic() < until:
            keys = list(self._due)[:TOGETHER]
            for key in keys:
                del self._due[key]
            with suppress(sqlite3.Error), self._db:
                for key in keys:
                    self._tidy_one(key, wholly=wholly)

    def _tidy_one(self, key: int | Name, *, wholly: bool) -> None:
        from wellfit.record import tidy

        most = self._most(key)
        where: tuple[int | str, ...] = key if isinstance(key, Name) else (key,)
        table = tidy.HISTOGRAMS if isinstance(key, Name) else tidy.CHUNKS
        tidy.tidy(
            self._db,
            table,
            where,
            most=most,
            full=limits.full(most),
            wholly=wholly,
        )

    def _spread(self) -> None:
        for kind, ids in self._events.items():
            kept = limits.spread(ids, limits.EVENTS)
            if kept is ids:
                continue
            gone = [(id_,) for id_ in set(ids).difference(kept)]
            with suppress(sqlite3.Error), self._db:
                self._db.executemany("DELETE FROM events WHERE id = ?", gone)
                self._events[kind] = kept
