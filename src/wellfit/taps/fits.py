"""Several fits in one script: which of them is the run's own, and where others stand.

A script with estimators fits often: a scaler, a few models, a search. The first
outermost fit of a predictor is the run's own and written into it; each later one has a
run folder below it, `trials/fit-2`, `trials/fit-3`, …; the fact `fits` lists them all.
A fit within a fit (a pipeline's step, a search's candidate) is a part of it.

A tap that meets estimators does this at each fit:

    fit = fits.begin("XGBClassifier")      # cheap, for each and every fit
    if fit.watched:
        fit.said["parameters"] = {...}     # its line in the fact `fits`
        fit.records.value("train/loss", 0, 0.7)
    …
    fits.end(fit)                          # in a `finally`
"""

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wellfit.record import Recorder
from wellfit.taps.shared import Shared
from wellfit.taps.tap import Records, Tap, attached

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 50  # fits that are recorded; beyond them they are counted
FREE = 5  # fits of a kind that are watched whatever it costs, then if `overhead` allows
PATIENCE = 1.0  # seconds of a fit from which on it is written while it goes on


class Kind(IntEnum):
    """What is fitted, the later the likelier to be what the script is about."""

    OTHER = 0  # a transformer, a clustering
    VALIDATION = 1  # a cross-validation
    PREDICTOR = 2


class Spool:
    """Records that are held until it is known where they belong.

    With `opens` they are written there once a fit has taken longer than `PATIENCE`.
    """

    def __init__(self, opens: Callable[[], Records] | None = None) -> None:
        self._opens = opens
        self._due = perf_counter() + PATIENCE
        self._held: list[Callable[[Records], None]] = []
        self._to: Records | None = None

    def fact(self, name: str, data: Any, /) -> None:
        """Say a fact, or say it anew."""
        self._say(lambda to: to.fact(name, data))

    def value(self, name: str, step: int, number: float, /) -> None:
        """One number of a signal."""
        self._say(lambda to: to.value(name, step, number))

    def values(
        self, step: int, names: tuple[str, ...], numbers: Sequence[float], /
    ) -> None:
        """A number of each of several signals."""
        self._say(lambda to: to.values(step, names, numbers))

    def histogram(self, name: str, step: int, counts: "NDArray[np.int64]", /) -> None:
        """The counts of a sample."""
        self._say(lambda to: to.histogram(name, step, counts))

    def event(self, kind: str, step: int, **data: Any) -> None:
        """Something happened."""
        self._say(lambda to: to.event(kind, step, **data))

    @property
    def writing(self) -> float:
        """Seconds of a processor that writing has taken until now."""
        return 0.0 if self._to is None else self._to.writing

    def _say(self, say: Callable[[Records], None]) -> None:
        if self._to is None and self._opens is not None and perf_counter() > self._due:
            self.pour(self._opens())
        if self._to is not None:
            say(self._to)
        else:
            self._held.append(say)

    def pour(self, to: Records) -> None:
        """All that was said belongs there, and what will be said too."""
        held, self._held, self._to = self._held, [], to
        for say in held:
            say(to)


class Fit:
    """A fit that goes on or is done; `said` is its line in the fact `fits`.

    `watched` tells whether it is described and recorded, or only counted. Of a part,
    `outer` is the fit that it belongs to; where that one `lends` its records (a
    pipeline, to its last step), the part is watched and writes into them.
    """

    __slots__ = (
        "__weakref__",
        "began",
        "kind",
        "lends",
        "name",
        "outer",
        "records",
        "said",
        "seconds",
        "steps",
        "watched",
    )

    def __init__(self, name: str, kind: Kind, outer: "Fit | None" = None) -> None:
        self.name = name
        self.kind = kind
        self.outer = outer
        self.lends = False
        self.watched: bool = outer is not None and outer.watched and outer.lends
        self.records: Records = outer.records if outer is not None else NOWHERE
        self.said: dict[str, Any] = {}
        self.steps = 0  # done, optimizer steps or rounds
        self.began = perf_counter()
        self.seconds = 0.0

    @property
    def root(self) -> "Fit":
        """The outermost fit that it belongs to."""
        return self if self.outer is None else self.outer.root

    def score(self, name: str, value: float, step: int | None = None) -> None:
        """A score of the fitted model, `val/accuracy` say, by default at its end."""
        self.records.value(name, self.steps if step is None else step, float(value))
        self.said.setdefault("scores", {})[name] = float(value)


class _Nowhere:
    """Records that are not kept."""

    writing = 0.0

    def fact(self, name: str, data: Any, /) -> None: ...

    def value(self, name: str, step: int, number: float, /) -> None: ...

    def values(
        self, step: int, names: tuple[str, ...], numbers: Sequence[float], /
    ) -> None: ...

    def histogram(
        self, name: str, step: int, counts: "NDArray[np.int64]", /
    ) -> None: ...

    def event(self, kind: str, step: int, **data: Any) -> None: ...


NOWHERE = _Nowhere()


class Fits:
    """The fits of one script, across all taps that meet estimators."""

    def __init__(self, records: Records) -> None:
        self.count = 0
        self.spent = 0.0  # seconds that watching took
        self._records = weakref.ref(records)
        self._home: Path | None = None
        if isinstance(records, Recorder | Shared):
            self._home = records.folder
        self._taps: weakref.WeakSet[Tap] = weakref.WeakSet()
        self._rivals: list[Tap] = []
        self._open: dict[int, list[Fit]] = {}
        self._main = threading.main_thread().ident
        self._begun: float | None = None
        self._watched: list[Fit] = []
        self._free = dict.fromkeys(Kind, 0)
        self._own: Fit | None = None
        self._recorders: list[Recorder] = []
        self._more: dict[str, list[float]] = {}
        self._said = 0.0

    def join(self, tap: Tap) -> None:
        """The tap tells its fits here: it is no rival for the run's own place."""
        self._taps.add(tap)

    # -- a fit begins and ends -----------------------------------------------------

    def begin(
        self,
        name: str,
        kind: Kind = Kind.PREDICTOR,
        *,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> Fit:
        """A fit begins in this thread: one of the script's, or a part of another."""
        thread = threading.get_ident()
        stack = self._open.setdefault(thread, [])
        outer = self._outer(stack)
        fit = Fit(name, kind, outer)
        stack.append(fit)
        if outer is None:
            self.count += 1
            if self._wanted(kind, overhead, every):
                self._watch(fit)
        return fit

    def resume(self, fit: Fit) -> None:
        """A fit that had ended goes on: the next call of `partial_fit`, say."""
        fit.began = perf_counter()
        self._open.setdefault(threading.get_ident(), []).append(fit)

    def _outer(self, stack: list[Fit]) -> Fit | None:
        if stack:
            return stack[-1]
        # In a thread of its own, while the main one waits in a fit: a part of that.
        main = self._open.get(self._main or 0)
        return main[-1] if main else None

    def _wanted(self, kind: Kind, overhead: float, every: int | None) -> bool:
        if self._begun is None:
            self._begun = perf_counter()
        if len(self._watched) >= MOST:
            return False
        if every is not None or self._free[kind] < FREE:
            self._free[kind] += 1
            return True
        return self.spent <= overhead * (perf_counter() - self._begun)

    def _watch(self, fit: Fit) -> None:
        fit.watched = True
        self._watched.append(fit)
        kind = fit.kind.name.lower()
        fit.said = {"fit": self.count, "estimator": fit.name, "kind": kind}
        if fit.kind is not Kind.PREDICTOR:
            fit.records = Spool()  # its place is known at the end
            return
        records = self._records()
        if self._own is not None or records is None:
            fit.records = Spool(None if self._home is None else self._opener(fit))
            return
        self._own = fit
        self._rivals = [
            tap
            for tap in attached()
            if tap.records is records and tap not in self._taps
        ]
        # Where another framework may train yet, the run's own place is kept for it.
        fit.records = Spool() if self._rivals else records

    def _opener(self, fit: Fit) -> Callable[[], Records]:
        home = self._home
        assert home is not None

        def opens() -> Records:
            return self._opened(home, fit)

        return opens

    def _opened(self, home: Path, fit: Fit) -> Recorder:
        name = f"trials/fit-{fit.said['fit']}"
        recorder = Recorder(home / name)
        self._recorders.append(recorder)
        fit.said["where"] = name
        return recorder

    def end(self, fit: Fit) -> None:
        """The fit is over, however it ended."""
        elapsed = perf_counter() - fit.began
        first = fit.seconds == 0.0
        fit.seconds += elapsed
        thread = threading.get_ident()
        stack = self._open.get(thread, [])
        while stack and stack.pop() is not fit:
            pass
        if not stack:
            self._open.pop(thread, None)
        if fit.outer is not None:
            return
        if fit.watched:
            fit.said["seconds"] = fit.seconds
        else:
            counted = self._more.setdefault(fit.name, [0, 0.0])
            counted[0] += first
            counted[1] += elapsed
        if perf_counter() - self._said > PATIENCE:
            self.say()

    @property
    def current(self) -> Fit | None:
        """The innermost fit that goes on in this thread, or that it is a part of."""
        return self._outer(self._open.get(threading.get_ident(), []))

    @contextmanager
    def looking(self) -> Iterator[None]:
        """What is done within is the watching's own work: its time is counted."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.spent += perf_counter() - begun

    # -- what the whole tells --------------------------------------------------------

    @property
    def own(self) -> Fit | None:
        """The fit whose records are the run's own, as far as that is known."""
        return self._own

    @property
    def elapsed(self) -> float:
        """Seconds since the first fit began."""
        return 0.0 if self._begun is None else perf_counter() - self._begun

    @property
    def watched(self) -> tuple[Fit, ...]:
        """The fits that are described and recorded."""
        return tuple(self._watched)

    def say(self) -> None:
        """The fact `fits`."""
        records = self._records()
        if records is None or not self.count:
            return
        self._said = perf_counter()
        fact: dict[str, Any] = {
            "count": self.count,
            "fits": [fit.said for fit in self._watched],
        }
        if self._more:
            fact["more"] = {
                name: {"count": int(count), "seconds": seconds}
                for name, (count, seconds) in self._more.items()
            }
        records.fact("fits", fact)

    def finish(self, tap: Tap) -> None:
        """The tap has told all; once all have, every fit gets its place."""
        if tap not in self._taps:
            return  # it has told so before
        self._taps.discard(tap)
        if not self._taps:
            self._settle_all()

    def _settle_all(self) -> None:
        records = self._records()
        if records is None or not self._watched:
            self.say()
            return
        taken = any(tap.step for tap in self._rivals)
        if self._own is None and not taken:
            self._own = max(self._watched, key=lambda fit: fit.kind)
        for fit in self._watched:
            if fit is self._own and not taken:
                fit.said["where"] = "."
                if isinstance(fit.records, Spool):
                    fit.records.pour(records)
            elif isinstance(fit.records, Spool):
                self._settle(fit, fit.records)
        for recorder in self._recorders:
            recorder.close()
        self._recorders.clear()
        self.say()

    def _settle(self, fit: Fit, spool: Spool) -> None:
        if fit.kind is Kind.OTHER or self._home is None:
            fit.said.setdefault("where", None)
        elif "where" not in fit.said:
            spool.pour(self._opened(self._home, fit))


_known: "weakref.WeakKeyDictionary[Records, Fits]" = weakref.WeakKeyDictionary()


def fits_of(records: Records, tap: Tap) -> Fits:
    """The fits that are told to these records: one and the same for all taps."""
    fits = _known.setdefault(records, Fits(records))
    fits.join(tap)
    return fits
