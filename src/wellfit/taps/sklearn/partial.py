"""Trainings by `partial_fit`: a call is a step, and some steps are looked at."""

from time import perf_counter
from typing import Any

import numpy as np

from wellfit.taps.sklearn import describe
from wellfit.taps.sklearn.course import course_of
from wellfit.taps.sklearn.rows import Sample, sample, shape, some
from wellfit.taps.sklearn.scores import log_loss, scores
from wellfit.taps.sklearn.stages import scorable
from wellfit.taps.sklearn.trained import Inner, Trained

FIRST = 10  # steps that are looked at whatever it costs
GROWTH = 1.2  # looks are at most this factor apart
ROWS = 2_000  # kept of all batches together
PER_LOOK = 64


class Partial:
    """Looks at some of the calls, within a share of their time."""

    def __init__(self, *, overhead: float, every: int | None) -> None:
        self._overhead, self._every = overhead, every
        self._spent = 0.0
        self._owed: dict[int, int] = {}

    def step(self, found: Trained, estimator: Any, table: Any, targets: Any) -> None:
        """A call is done: its loss, and its score on its own batch."""
        step = found.calls - 1
        found.fit.steps = found.calls
        last = describe.final(estimator)
        loss = vars(last).get("loss_")  # a perceptron says it by itself
        if loss is not None:
            found.fit.records.value("train/loss", step, float(loss))
        if not self._due(found, step):
            return
        begun = perf_counter()
        self._owed[id(found)] = max(step + 1, round(step * GROWTH))
        self._look(found, estimator, table, targets, said=loss is not None)
        self._spent += perf_counter() - begun

    def _due(self, found: Trained, step: int) -> bool:
        if self._every is not None:
            return step % self._every == 0
        affordable = self._spent <= self._overhead * found.fit.seconds
        return step < FIRST or step >= self._owed.get(id(found), 0) or affordable

    def _look(
        self, found: Trained, estimator: Any, table: Any, targets: Any, *, said: bool
    ) -> None:
        step, records = found.calls - 1, found.fit.records
        course = course_of(describe.final(estimator), 1, found.targets.classes)
        for name, points in course.signals.items():
            if name.startswith("train/weight_norm"):
                records.value(name, step, points[-1][1])
        _take(found, table, targets)
        asked = scorable(estimator, table, targets, None)
        if asked is None:
            return
        try:
            self._score(found, asked, said=said)
        except Exception:  # it could not be asked; that is no fault in watching
            return

    def _score(self, found: Trained, asked: Inner, *, said: bool) -> None:
        step, records = found.calls - 1, found.fit.records
        truth = np.asarray(asked.targets)
        predicted = asked.estimator.predict(asked.table)
        for name, value in scores(truth, predicted, classes=found.classifies).items():
            if "@" not in name:
                records.value(f"train/{name}", step, value)
        loss = None if said else _loss(asked, truth, predicted, found)
        if loss is not None:
            records.value("train/loss", step, loss)

    def settle(self, found: Trained) -> None:
        """Of a training by calls, how many there were."""
        if found.calls > 1:
            more = {"steps": found.calls, "seconds": found.fit.seconds}
            rows = None if found.sample is None else len(found.sample.rows)
            found.fit.records.fact("training", more | {"rows": rows})


def _loss(asked: Inner, truth: Any, predicted: Any, found: Trained) -> float | None:
    """What it minimises, on this batch; None where that is not simple."""
    last = describe.final(asked.estimator)
    criterion = describe.criterion_of(last, found.targets.classes)
    if criterion == "mse_loss" and not found.targets.classes:
        return float(np.mean((np.asarray(predicted, dtype=float) - truth) ** 2))
    if criterion == "cross_entropy" and hasattr(last, "predict_proba"):
        return log_loss(
            truth, asked.estimator.predict_proba(asked.table), last.classes_
        )
    if criterion != "hinge" or found.targets.classes != 2:
        return None
    signs = np.where(truth == last.classes_[1], 1.0, -1.0)
    far = asked.estimator.decision_function(asked.table)
    return float(np.maximum(0.0, 1.0 - signs * far).mean())


def _take(found: Trained, table: Any, targets: Any) -> None:
    """Some rows of the batch join the sample, until there are enough."""
    size = shape(table)
    if found.sample is None or found.numbers is None or size is None:
        return
    if found.calls == 1 or len(found.sample.rows) >= ROWS:
        return
    places = some(size[0], PER_LOOK)
    more = sample(table, places)
    if more is None or more.rows.shape[1:] != found.sample.rows.shape[1:]:
        return
    numbers = found.targets.numbered(np.asarray(targets)[places])
    rows = np.concatenate([found.sample.rows, more.rows])
    found.sample = Sample(rows, found.sample.names, found.sample.coded)
    found.numbers = np.concatenate([found.numbers, numbers])
