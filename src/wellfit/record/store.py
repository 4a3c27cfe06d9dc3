"""The writer thread's side of a recorder: what was said becomes rows on disk."""

import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wellfit.core.signals import Name, parse
from wellfit.record import limits
from wellfit.record.redact import redact
from wellfit.record.schema import dumps
from wellfit.record.upkeep import Upkeep

if TYPE_CHECKING:
    from wellfit.record.chunks import Said

T = TypeVar("T")
Group = str | tuple[str, ...]  # a signal's name, or the names of several
Number = tuple[Group, Any, Any]  # whose, step, a number or a row of them
Counts = tuple[str, Any, Any]  # whose, step, the counts of the bins
Told = tuple[str, str, int, Any]  # "fact" or "event", its name, step, plain data

WEIGHT = 51  # values that a histogram counts as: its bins

PUT_FACT = """INSERT INTO facts VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
PUT_HISTOGRAM = f"INSERT INTO histograms VALUES (NULL, {', '.join('?' * 10)}, 1)"


@dataclass(kw_only=True, slots=True)
class Pending:
    """Rows that wait for the next commit; after a fault, for a later one."""

    signals: list[tuple[int, str, str, str]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, int, str]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)  # of `recent`
    histograms: list[tuple[Any, ...]] = field(default_factory=list)  # rows of those
    values: int = 0

    @property
    def told(self) -> int:
        """How many facts and events."""
        return len(self.facts) + len(self.events)

    def __bool__(self) -> bool:
        return bool(self.told or self.rows or self.histograms)


class Store:
    """Turns what was said into rows and commits them; outcomes are values here.

    `written` and `refused` count values: those on disk, and those that were no numbers;
    a histogram is as many as it has bins. `told` counts facts and events on disk.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path.absolute()  # the script may change directory
        self._inode = _inode(self._path)
        self._ids: dict[Name, int] = {}
        self._fresh: dict[int, Name] = {}  # without a number yet, and so not to be seen
        self._groups: dict[Group, tuple[int, ...]] = {}
        self._upkeep = Upkeep(db)
        self.pending = Pending()
        self.written = self.refused = self.told = 0

    def take(
        self, told: deque[Told], numbers: deque[Number], counts: deque[Counts]
    ) -> None:
        """Empty the queues into `pending`."""
        for kind, name, step, data in _emptied(told):
            if kind == "fact":
                self.pending.facts[name] = dumps(_scrubbed(data))
            else:
                self.pending.events.append((name, step, dumps(_scrubbed(data))))
        self._bound_events()
        for batch in self._batches(_emptied(numbers)):
            self._arrange(batch)
        if counts:
            self._count(_emptied(counts))

    def _bound_events(self) -> None:
        """Where nothing can be written, or all comes at once: keep as many of them."""
        events = self.pending.events
        kept = limits.spread(list(range(len(events))), 4 * limits.EVENTS)
        self.pending.events = [events[at] for at in kept]

    def _batches(self, numbers: Iterator[Number]) -> "Iterator[Iterable[Said]]":
        """Numbers by group; a signal once in a batch, or its order would be lost."""
        batch: dict[Group, tuple[tuple[int, ...], list[Any], list[Any]]] = {}
        taken: set[int] = set()
        for group, step, number in numbers:
            said = batch.get(group)
            if said is None:
                signals = self._signals(group)
                if not taken.isdisjoint(signals):
                    yield batch.values()
                    batch, taken = {}, set()
                taken.update(signals)
                said = batch[group] = (signals, [], [])
            said[1].append(step)
            said[2].append(number)
        if batch:
            yield batch.values()

    def _signals(self, group: Group) -> tuple[int, ...]:
        found = self._groups.get(group)
        if found is None:
            names = (group,) if isinstance(group, str) else group
            found = self._groups[group] = tuple(self._signal(name) for name in names)
        return found

    def _signal(self, text: str) -> int:
        name = _name(text)
        known = self._ids.get(name)
        if known is None:
            known = self._ids[name] = len(self._ids) + 1
            self._fresh[known] = name
        return known

    def _arrange(self, batch: "Iterable[Said]") -> None:
        from wellfit.record import chunks

        rows, refused = chunks.arrange(batch)
        self.refused += refused
        self.pending.rows += rows
        self.pending.values += sum(len(row[0]) // 4 * row[1] for row in rows)
        if self._fresh:
            seen = self._fresh.keys() & chunks.signals_of(rows)
            self.pending.signals += [(id_, *self._fresh.pop(id_)) for id_ in seen]

    def _count(self, said: Iterator[Counts]) -> None:
        from wellfit.record import histograms

        by_name: dict[str, tuple[list[Any], list[Any]]] = {}
        for text, step, counts in said:
            steps, rows = by_name.setdefault(text, ([], []))
            steps.append(step)
            rows.append(counts)
        made, refused = histograms.arrange(by_name)
        self.refused += WEIGHT * refused
        told = sum(len(rows) for _, rows in by_name.values())
        self.pending.values += WEIGHT * (told - refused)
        self.pending.histograms += [(*_name(text), *row) for text, row in made]

    def commit(self) -> str | None:
        """Write what is pending, all or nothing: why it could not be, or None."""
        if self.gone:
            return "it was removed or replaced"
        try:
            with self._db:
                self._put(self.pending)
        except sqlite3.Error as error:
            return str(error)
        self.written += self.pending.values
        self.told += self.pending.told
        self._upkeep.saw(self.pending)
        self.pending = Pending()
        return None

    def _put(self, said: Pending) -> None:
        put = self._db.executemany
        put("INSERT INTO signals VALUES (?, ?, ?, ?)", said.signals)
        put(PUT_FACT, said.facts.items())
        put("INSERT INTO events (kind, step, data) VALUES (?, ?, ?)", said.events)
        put("INSERT INTO recent VALUES (NULL, ?, ?, ?, ?, ?, ?)", said.rows)
        put(PUT_HISTOGRAM, said.histograms)

    @property
    def gone(self) -> bool:
        """The file is no longer there: SQLite would go on writing to nowhere."""
        return _inode(self._path) != self._inode

    @property
    def missing(self) -> tuple[int, int]:
        """Values, and facts and events, that would not be on disk if it ended now."""
        values, told = self.pending.values, self.pending.told
        return (
            (values + self.written, told + self.told) if self.gone else (values, told)
        )

    def upkeep(self) -> None:
        """Pack and thin what is on disk, where that is due."""
        self._upkeep.work()

    def close(self) -> None:
        """Compact, and leave a single file that needs no -wal beside it."""
        if not self.gone:
            self._upkeep.finish()
        self._db.close()


def _name(text: str) -> Name:
    if not text.isascii():  # SQLite takes UTF-8 only
        text = text.encode(errors="replace").decode()
    return parse(text)


def _emptied(queue: deque[T]) -> Iterator[T]:
    for _ in range(len(queue)):
        yield queue.popleft()


def _scrubbed(data: Any) -> Any:
    """The same with secrets and home folders taken out of its text."""
    if isinstance(data, str):
        return _redacted(data)
    if isinstance(data, dict):
        return {_redacted(key): _scrubbed(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_scrubbed(item) for item in data]
    return data


_redacted = lru_cache(maxsize=1024)(redact)  # the words of a fact are mostly the same


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
