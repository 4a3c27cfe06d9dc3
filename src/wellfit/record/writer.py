"""The recorder: the only writer of a run folder."""

import atexit
import os
import sqlite3
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, SupportsFloat

from wellfit.record.schema import create, database, plain
from wellfit.record.store import WEIGHT, Counts, Number, Store, Told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVAL = 1.0  # seconds from one commit to the next: what `kill -9` can cost
BOUND = 2_000_000  # values that may wait to be written; what comes beyond is dropped


class Recorder:
    """Write down one training, from a thread of its own, without holding it up.

    What is said is queued and committed at most once a second. Where `folder` cannot
    be written to, or holds a run already, a fresh folder below the system's temporary
    one takes its place: `folder` tells where, a line on standard error why. Whatever
    happens later (a full disk, a folder removed) raises nothing: what was said is kept,
    up to two million values, and tried again. After a fork the child's copy is silent.
    Of several processes that train together, each is given its `rank`: they share the
    folder, and each writes a file of its own.

    >>> from wellfit.record import new_folder, open_run
    >>> folder = new_folder("doctest", base=Path(tempfile.mkdtemp()))
    >>> with Recorder(folder) as recorder:
    ...     recorder.fact("model", {"class": "Net", "parameters": 1_000})
    ...     recorder.value("train/loss", 0, 0.5)
    >>> open_run(folder).signal("train/loss").last
    0.5
    """

    def __init__(self, folder: Path, rank: int = 0) -> None:
        self._numbers: deque[Number] = deque()
        self._counts: deque[Counts] = deque()
        self._told: deque[Told] = deque()
        self._marks: deque[threading.Event] = deque()
        self._said = 0  # values, ever; may not pass
        self._limit = 0  # which rises with what is written
        self._dropped = self._refused = self._unwritten = 0  # values
        self._untold = 0  # facts and events that were not written
        self._warned = False
        self._closing = False
        self._writing = 0.0  # seconds
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.folder, db = _opened(Path(folder).absolute(), rank)
        if db is not None:
            self._start(Store(db, self.folder / database(rank)))

    def _start(self, store: Store) -> None:
        # Only the thread knows the connection: in a forked child its frame never
        # unwinds, and so SQLite neither uses nor closes there what is the parent's.
        self._thread = threading.Thread(
            target=self._work, args=(store,), name="wellfit-recorder", daemon=True
        )
        self._limit = BOUND
        _recording.add(self)
        atexit.register(self.close)
        self._thread.start()

    def value(self, name: str, step: int, number: SupportsFloat) -> None:
        """Say one value of the signal `name`; costs a tenth of a microsecond or two."""
        if self._said < self._limit:
            self._said += 1
            self._numbers.append((name, step, number))
        else:
            self._dropped += 1

    def values(
        self,
        step: int,
        names: tuple[str, ...],
        numbers: "Sequence[float] | NDArray[np.floating[Any]]",
    ) -> None:
        """Say a value of each of many signals, the names distinct, for one append.

        `numbers` is as long as `names`, and is handed over: it is read up to a second
        later. A tuple of names is best made once, and used again and again.
        """
        if self._said < self._limit:
            self._said += len(names)
            self._numbers.append((names, step, numbers))
        else:
            self._dropped += len(names)

    def histogram(self, name: str, step: int, counts: "NDArray[np.int64]") -> None:
        """Say the counts of a sample, as `wellfit.core.histogram` makes them.

        They are handed over: they are read up to a second later.
        """
        if self._said < self._limit:
            self._said += WEIGHT
            self._counts.append((name, step, counts))
        else:
            self._dropped += WEIGHT

    def fact(self, name: str, data: Any) -> None:
        """Say a fact, or say it anew; `data` is copied, as JSON will hold it."""
        if self._thread is not None:
            self._told.append(("fact", name, 0, plain(data)))

    def event(self, kind: str, step: int, **data: Any) -> None:
        """Say that something happened at a step."""
        if self._thread is not None:
            self._told.append(("event", kind, int(step), plain(data)))

    @property
    def lost(self) -> int:
        """Values that are not in the record: what waits while it runs is not lost.

        A histogram counts as one value a bin.
        """
        return self._dropped + self._refused + self._unwritten

    @property
    def writing(self) -> float:
        """Seconds of a processor that the thread has taken until now."""
        return self._writing

    def flush(self) -> None:
        """Wait until all that was said is on disk, or could not be put there."""
        mark = threading.Event()
        self._marks.append(mark)
        self._wake.set()
        while self._thread is not None and self._thread.is_alive():
            if mark.wait(0.1):
                return

    def close(self) -> None:
        """Write the rest, compact the file, and say what was lost, if anything was."""
        if self._thread is None:
            return
        self._closing = True
        self._wake.set()
        self._thread.join()  # Ctrl-C may end this: closing again then takes it up
        self._thread = None
        _recording.discard(self)
        atexit.unregister(self.close)
        missing = [f"{self.lost:,} values"] if self.lost else []
        missing += [f"{self._untold:,} facts and events"] if self._untold else []
        if missing:
            _print(f"{' and '.join(missing)} could not be written to {self.folder}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _work(self, store: Store) -> None:
        try:
            taken = 0.0
            while not self._closing:
                self._wake.wait(max(INTERVAL - taken, 0))
                self._wake.clear()
                start = time.monotonic()
                self._round(store)
                taken = time.monotonic() - start
            self._limit = 0
            self._round(store)
            store.close()
        except Exception as error:  # a fault of ours must not end a stranger's training
            self._limit = 0
            self._warn(f"stopped recording ({error!r}); the training goes on")
        self._unwritten, self._untold = store.missing

    def _round(self, store: Store) -> None:
        marks = [self._marks.popleft() for _ in range(len(self._marks))]
        store.take(self._told, self._numbers, self._counts)
        fault = store.commit() if store.pending else None
        if fault:
            self._warn(
                f"cannot write to {self.folder} ({fault}); the training goes on, and "
                "what is said is kept and tried again every second"
            )
        if self._dropped:
            self._warn(
                f"values come faster than {self.folder} takes them; some are lost"
            )
        self._refused = store.refused
        if not self._closing:
            self._limit = store.written + store.refused + BOUND
        for mark in marks:
            mark.set()
        store.upkeep()
        self._writing = time.thread_time()

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            _print(text)


_recording: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _silence() -> None:
    """In a forked child: the thread and the file are the parent's."""
    for recorder in list(_recording):
        recorder._limit = 0
        recorder._thread = None


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_silence)


def _opened(folder: Path, rank: int) -> tuple[Path, sqlite3.Connection | None]:
    try:
        return folder, create(folder, rank)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
    try:
        spare = Path(tempfile.mkdtemp(prefix=f"wellfit-{folder.name}-"))
        db = create(spare, rank)
    except (OSError, sqlite3.Error):
        _print(
            f"cannot write to {folder} ({why}), nor to temporary files; "
            "the training goes on, and nothing of it is recorded"
        )
        return folder, None
    _print(f"cannot write to {folder} ({why}); recording to {spare} instead")
    return spare, db


def _print(text: str) -> None:
    with suppress(AttributeError, OSError, ValueError):  # no standard error, or closed
        print(f"wellfit: {text}", file=sys.stderr, flush=True)
