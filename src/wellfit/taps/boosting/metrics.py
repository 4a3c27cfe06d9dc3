"""The metrics of a booster's rounds, as signals."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from wellfit.taps.boosting.objectives import ERRORS, LOWER, Objective, own_loss
from wellfit.taps.names import signal_of
from wellfit.taps.tap import Records

PHASES = ("train", "val", "test")  # by the place of a data set


class Result(NamedTuple):
    """One number of an evaluation; whether more is better, where that is known."""

    metric: str
    value: float
    greater_is_better: bool | None = None


class Metrics:
    """Holds the numbers of a round until it is over: of several folds, their mean."""

    def __init__(self, records: Records) -> None:
        self.rounds = 0  # with a number of their own
        self._records = records
        self._objective: Objective | None = None
        self._loss = ""  # the metric that stands for the loss, of custom objectives
        self._places: set[int] = set()
        self._names: dict[str, str] = {}  # signal → the metric's own name
        self._said = 0  # names in the fact
        self._round: dict[str, list[float]] = {}
        self._scores: dict[str, float] = {}
        self._rows: dict[str, int] = {}  # phase → rows that were scored
        self._counted: dict[str, int] = {}  # as said

    def meet(self, objective: Objective) -> None:
        """What is trained for is known from now on."""
        self._objective = objective

    def knows(self, place: int) -> bool:
        """Whether that data set was ever evaluated."""
        return place in self._places

    def add(self, place: int, name: str, results: Iterable[Result]) -> None:
        """Take in the numbers of one data set."""
        self._places.add(place)
        where = f"@{name}" if place >= len(PHASES) else ""
        phase = PHASES[min(place, len(PHASES) - 1)]
        for one in results:
            for said, value in self._signals(one, phase):
                self._names.setdefault(f"{said}{where}", one.metric)
                self._round.setdefault(f"{said}{where}", []).append(value)

    def _signals(self, one: Result, phase: str) -> Iterable[tuple[str, float]]:
        """The metric under its own name, and what it says in other words."""
        value = float(one.value)
        yield signal_of(one.metric, phase=phase), value
        if (loss := self._as_loss(one, value)) is not None:
            yield f"{phase}/loss", loss
        if one.metric in ERRORS:
            yield f"{phase}/accuracy", 1 - value

    def _as_loss(self, one: Result, value: float) -> float | None:
        assert self._objective is not None
        if self._objective.loss:
            return own_loss(one.metric, value, self._objective.loss)
        lower = one.metric in LOWER or one.greater_is_better is False
        if not self._loss and lower:  # a custom objective: the first that is lowered
            self._loss = one.metric
        return value if one.metric == self._loss else None

    def score(self, phase: str, found: dict[str, float], *, rows: int) -> None:
        """Take in scores of our own; where the script has the same, they yield."""
        self._scores |= {f"{phase}/{name}": value for name, value in found.items()}
        self._rows[phase] = rows

    def flush(self, step: int) -> None:
        """Record a round."""
        for phase, rows in self._rows.items():
            if self._counted.get(phase) != rows:
                self._records.event("evaluation", step, phase=phase, rows=rows)
        self._counted |= self._rows
        own = {name: float(np.mean(values)) for name, values in self._round.items()}
        for name, value in {**self._scores, **own}.items():
            self._records.value(name, step, value)
        if own:
            self.rounds += 1
        if len(self._names) > self._said:
            self._said = len(self._names)
            self._records.fact("metrics", self._names)
        self._round.clear()
        self._scores.clear()
