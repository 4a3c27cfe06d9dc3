"""Scores that a script computes after a fit: of which model, and on which rows."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wellfit.taps.sklearn.rows import reference, shape, taken
from wellfit.taps.sklearn.scores import METRICS, log_loss, scores, signal
from wellfit.taps.sklearn.trained import Trained, mark_of

REMEMBERED = 16  # predictions

# The names under which the functions of sklearn.metrics take predictions.
PREDICTED = ("y_pred", "y_score", "y_proba", "y_prob", "pred_decision")


@dataclass(slots=True, eq=False)
class Prediction:
    """A prediction that the script had, and by which model, of which rows."""

    of: Trained
    method: str
    rows: int
    result: Any  # references: neither the predictions nor the table is kept alive
    table: Any
    trained_on: bool | None = None  # as far as it was looked at when it was made
    phase: str | None = None
    scored: bool = False


class Evaluations:
    """Tells whose predictions a score is of, and whether they are held-back rows'."""

    def __init__(self) -> None:
        self._predictions: deque[Prediction] = deque(maxlen=REMEMBERED)
        self._latest: Prediction | None = None
        self._held: list[int] = []

    def predicted(
        self, of: Trained | None, method: str, table: Any, result: Any, *, look: bool
    ) -> None:
        """The script had a prediction, of a model that is watched or of another.

        With `look` its rows are looked at now: they may be gone when it is scored.
        """
        size = shape(table)
        if size is None or of is None:
            self._latest = None
            return
        found = Prediction(of, method, size[0], reference(result), reference(table))
        found.trained_on = of.knows(table) if look else None
        self._predictions.appendleft(found)
        self._latest = found

    def crossed(self, of: Trained, rows: int) -> None:
        """Predictions of all rows, each made by a model that had not seen it."""
        nothing = reference(1)
        found = Prediction(of, "predict", rows, nothing, nothing, phase="val")
        self._latest = found

    def of_score(self, predicted: Any) -> Prediction | None:
        """The prediction that is being scored: itself, a part of it, or of its length.

        Else the latest of as many rows: a threshold or an inverse may lie between.
        """
        size = shape(predicted)
        if size is None:
            return None
        base = getattr(predicted, "base", None)
        for one in self._predictions:
            made = one.result()
            if made is not None and (made is predicted or made is base):
                return one
        latest = self._latest
        return latest if latest is not None and latest.rows == size[0] else None

    def phase(
        self, of: Trained, table: Any, truth: Any, known: bool | None = None
    ) -> str:
        """`train`, or `val` for the first rows held back, `test` for the second."""
        mark = mark_of(truth)
        if of.trained_on(table, mark) if known is None else known:
            return "train"
        if mark not in self._held and len(self._held) < 2:
            self._held.append(mark)
        return "val" if mark in self._held[:1] else "test"

    def scored(self, metric: str, truth: Any, predicted: Any, result: Any) -> Any:
        """Record a score of predictions; the prediction, where it is of the first."""
        one = self.of_score(predicted)
        if one is None or not one.of.fit.watched:
            return None
        if one.phase is None:
            one.phase = self.phase(one.of, one.table(), truth, one.trained_on)
        name = METRICS[metric]
        if name and isinstance(result, int | float | np.number):
            one.of.fit.score(signal(one.phase, name), float(result))
        if one.method == "predict_proba":
            self._say_shares(one, metric, truth, predicted)
        if one.scored or one.method != "predict":
            return None
        one.scored = True
        found = scores(truth, predicted, classes=one.of.classifies)
        self.say(one.of, one.phase, truth, found, but=name)
        return one

    def _say_shares(
        self, one: Prediction, metric: str, truth: Any, predicted: Any
    ) -> None:
        """The log loss of probabilities that were asked for, where they are scored."""
        classes = getattr(one.of.estimator(), "classes_", None)
        if one.scored or metric == "log_loss" or classes is None:
            return
        shares, true = np.asarray(predicted), np.asarray(truth)
        if shares.ndim == 1 and len(classes) == 2:
            shares = np.column_stack([1 - shares, shares])  # those of the second class
        one.scored = True
        if (true.shape, np.shape(classes)) != (shares.shape[:1], shares.shape[1:]):
            return
        loss = log_loss(true, shares, classes)
        if loss is not None:
            one.of.fit.score(signal(str(one.phase), "log_loss"), loss)

    def say(
        self,
        of: Trained,
        phase: str,
        truth: Any,
        found: Mapping[str, float],
        *,
        but: str = "",
    ) -> None:
        """Record what the rules need of predictions, once, and that they were made."""
        for name, value in found.items():
            if name != but and not (phase == "train" and "@" in name):
                of.fit.records.value(signal(phase, name), of.fit.steps, value)
        if found:
            rows = len(np.asarray(truth))
            of.fit.records.event("evaluation", of.fit.steps, phase=phase, rows=rows)


def arguments(given: tuple[Any, Any]) -> tuple[Any, Any] | None:
    """The truth and the predictions that a function of sklearn.metrics was given."""
    args, named = given
    truth = args[0] if args else named.get("y_true")
    predicted = args[1] if len(args) > 1 else None
    for name in PREDICTED:
        predicted = named.get(name) if predicted is None else predicted
    return None if truth is None or predicted is None else (truth, predicted)


def some_rows(table: Any, truth: Any, most: int) -> tuple[Any, Any]:
    """At most so many of these rows, evenly spread, and their targets."""
    size = shape(table)
    count = 0 if size is None else size[0]
    places = list(range(0, count, max(1, -(-count // most))))
    return taken(table, places), taken(truth, places)
