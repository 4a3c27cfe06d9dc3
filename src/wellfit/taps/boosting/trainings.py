"""Which booster belongs to which training: calls of `train` and `cv`, and loops."""

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakKeyDictionary, ref

from wellfit.taps.boosting.budget import Budget
from wellfit.taps.boosting.machine import Machine
from wellfit.taps.boosting.metrics import Result
from wellfit.taps.boosting.rounds import Rounds
from wellfit.taps.boosting.rows import Rows, sample
from wellfit.taps.fits import Fit, Kind, fits_of
from wellfit.taps.tap import Records, Tap

LEARNT = 2  # samples of rows that are learnt from: it takes a second each
INTERFACES = {"train": Kind.PREDICTOR, "cv": Kind.VALIDATION}
WITHIN = 6  # frames in which a `fit` that called is looked for


class Training:
    """A fit that goes on, and its rounds once there are any."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self.rounds: Rounds | None = None


class Trainings:
    """The trainings of a process, by booster; a booster is never kept alive."""

    def __init__(
        self,
        tap: Tap,
        records: Records,
        machine: Callable[[Any], Machine],
        *,
        overhead: float,
        every: int | None,
    ) -> None:
        self._tap, self._framework = ref(tap), tap.framework
        self._fits = fits_of(records, tap)
        self._make = machine
        self._overhead, self._every = overhead, every
        self._all: list[Training] = []
        self._of: WeakKeyDictionary[Any, tuple[Machine, Training]] = WeakKeyDictionary()
        self._rows: WeakKeyDictionary[Any, Rows] = WeakKeyDictionary()
        self._local = threading.local()

    @property
    def step(self) -> int:
        """Rounds of the fit that is the run's own; 0 where none is of these."""
        own = self._fits.own
        mine = any(one.fit is own for one in self._all)
        return own.steps if own is not None and mine else 0

    # -- what the taps tell --------------------------------------------------------

    def met(self, data_set: Any, data: Any) -> None:
        """A data set was made of that data."""
        if (rows := sample(data)) is not None:
            self._rows[data_set] = rows

    def begin(self, interface: str) -> None:
        """`train` or `cv` was called."""
        name = _estimator() or f"{self._framework}.{interface}"
        self._calls.append(self._begin(name, INTERFACES[interface]))

    def end(self, kept: Callable[[int], int | None]) -> None:
        """The latest of these calls is over; `kept` of so many rounds, if not all."""
        if not self._calls:
            return
        training = self._calls.pop()
        if (rounds := training.rounds) is not None:
            self._finish(training, kept(rounds.count))
        self._fits.end(training.fit)

    def updated(self, booster: Any, data_set: Any) -> None:
        """A booster did a round on that data set."""
        known = self._of.get(booster) or self._meet(booster)
        machine, training = known
        if not training.fit.watched:
            return
        if training.rounds is None:
            training.rounds = self._watch(training.fit, self._rows.get(data_set))
        training.rounds.updated(machine)
        training.fit.steps = training.rounds.count

    def evaluated(
        self, booster: Any, place: int, name: str, results: Iterable[Result]
    ) -> None:
        """A booster was evaluated on a data set, 0 being the one it trains on."""
        if (rounds := self._rounds(booster)) is not None:
            rounds.evaluated(place, name, results)

    def leaving(self, booster: Any) -> None:
        """A booster is about to let go of its data."""
        if (rounds := self._rounds(booster)) is not None:
            rounds.last_look()

    def finish(self) -> None:
        """Whatever is still going on is over, and what the rows tell is said."""
        while self._calls:
            self._fits.end(self._calls.pop().fit)
        for training in self._all:
            self._finish(training, None)
        learnt: dict[Any, dict[str, Any]] = {}
        for training in self._all:
            rounds = training.rounds
            if rounds is None or (mark := rounds.mark()) is None:
                continue
            if mark not in learnt and len(learnt) < LEARNT:
                learnt[mark] = rounds.facts()
            for name, fact in learnt.get(mark, {}).items():
                training.fit.records.fact(name, fact)

    def close(self) -> None:
        """No more is told."""
        if (tap := self._tap()) is not None:
            self._fits.finish(tap)

    # -- whose booster it is -------------------------------------------------------

    @property
    def _calls(self) -> list[Training]:
        """The calls of `train` and `cv` that this thread is in."""
        if not hasattr(self._local, "calls"):
            self._local.calls = []
        calls: list[Training] = self._local.calls
        return calls

    def _rounds(self, booster: Any) -> Rounds | None:
        known = self._of.get(booster)
        return None if known is None else known[1].rounds

    def _meet(self, booster: Any) -> tuple[Machine, Training]:
        """A booster does its first round: in a call, or in a loop of the script's."""
        if self._calls:
            training = self._calls[-1]
        else:
            training = self._begin(f"{self._framework}.Booster", Kind.PREDICTOR)
            self._fits.end(training.fit)  # nobody knows when a loop is over
        known = self._of[booster] = (self._make(booster), training)
        return known

    def _begin(self, name: str, kind: Kind) -> Training:
        fit = self._fits.begin(name, kind, overhead=self._overhead, every=self._every)
        training = Training(fit)
        if fit.watched:
            self._all.append(training)
        return training

    def _watch(self, fit: Fit, rows: Rows | None) -> Rounds:
        budget = Budget(overhead=self._overhead, every=self._every)
        return Rounds(
            fit.records,
            self._framework,
            budget,
            rows=rows,
            folded=fit.kind is Kind.VALIDATION,
        )

    def _finish(self, training: Training, kept: int | None) -> None:
        rounds = training.rounds
        if rounds is not None and not rounds.done:
            rounds.finish(kept)
            self._fits.spent += rounds.budget.spent


def _estimator() -> str | None:
    """The class of the estimator whose `fit` called, where one did."""
    frame: Any = sys._getframe(1)
    for _ in range(WITHIN):
        if frame is None:
            return None
        if frame.f_code.co_name == "fit" and "self" in frame.f_locals:
            return type(frame.f_locals["self"]).__name__
        frame = frame.f_back
    return None
