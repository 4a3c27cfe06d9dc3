"""One fit of the script, as it is remembered: what it was of, and on which rows.

Of its rows a sample and fingerprints are kept, never the table.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from wellfit.data.ranges import ranges
from wellfit.taps.fits import Fit
from wellfit.taps.sklearn import describe
from wellfit.taps.sklearn.course import Course, course_of
from wellfit.taps.sklearn.objective import Targets, objective_fact, targets_of
from wellfit.taps.sklearn.rows import (
    Sample,
    fingerprints,
    reference,
    sample,
    shape,
    some,
    taken,
)

FAMILIAR = 0.5  # share of rows that were trained on, from which on it is that table


@dataclass(slots=True, eq=False)
class Trained:
    """A fit that is done, and the estimator that came of it."""

    fit: Fit
    estimator: Any  # a reference to it
    targets: Targets
    mark: int = 0  # of the targets: equal where these are
    known: list[tuple[NDArray[Any], int]] = field(default_factory=list)
    sample: Sample | None = None
    numbers: NDArray[np.float64] | None = None  # the sample's targets
    course: Course = field(default_factory=Course)
    calls: int = 0  # of partial_fit
    staged: bool = False  # its stages were scored on held-back rows

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted."""
        return self.targets.task in ("classification", "binary")

    def trained_on(self, table: Any, mark: int) -> bool:
        """Whether these rows, or these targets, are those of the fit."""
        known = None if table is None else self.knows(table)
        return known if known is not None else bool(mark) and mark == self.mark

    def knows(self, table: Any) -> bool | None:
        """Whether the rows were trained on; None where that cannot be seen."""
        told = [_familiar(table, *known) for known in self.known]
        shares = [share for share in told if share is not None]
        return max(shares) >= FAMILIAR if shares else None


def _familiar(table: Any, known: NDArray[Any], thin: int) -> float | None:
    """The share of a table's rows that are among the known ones."""
    prints, _ = fingerprints(table, thin)
    if not len(prints) or not len(known):
        return None
    return float(np.isin(prints, known).mean())


def mark_of(targets: Any) -> int:
    """A number, equal where targets are; 0 for none."""
    if targets is None:
        return 0
    values = np.asarray(targets)
    if values.dtype.kind in "biuf":
        values = values.astype(np.float64)
        return hash((values.shape, np.ascontiguousarray(values).tobytes()))
    return hash(tuple(str(v) for v in values.ravel()[:100_000].tolist()))


def trained(fit: Fit, estimator: Any, table: Any, targets: Any) -> Trained:
    """Take in what is to be remembered of a fit."""
    last = describe.final(estimator)
    classifies = isinstance(last, ClassifierMixin)
    found = Trained(
        fit=fit,
        estimator=reference(estimator),
        targets=targets_of(targets, classifies=classifies),
        mark=mark_of(targets),
    )
    size = shape(table)
    if size is None:
        return found
    found.known.append(fingerprints(table))
    places = some(size[0])
    found.sample = sample(table, places)
    if (shape(targets) or (0,))[0] == size[0]:
        found.numbers = found.targets.numbered(taken(targets, places))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """What entered the estimator that predicts in the end, within another."""

    estimator: Any
    table: Any
    targets: Any


def say(found: Trained, estimator: Any, table: Any, inner: Inner | None) -> None:
    """Record the facts and the signals of a fit that is done."""
    fit, last = found.fit, describe.final(estimator)
    size = shape(table) or (0, None)
    fit.said |= {
        "estimator": describe.name_of(estimator),
        "parameters": describe.settings(estimator),
        "rows": size[0],
        "columns": size[1],
    }
    tell = fit.records.fact
    tell("model", describe.model_fact(estimator))
    optimizer = describe.optimizer_fact(last)
    if optimizer is not None:
        tell("optimizer", optimizer)
    tell("objective", objective_fact(last, found.targets))
    entered = table if inner is None else inner.table
    direct = inner is not None or last is estimator
    tell("inputs", _inputs(last, entered, direct=direct))
    if not found.calls:
        found.course = course_of(last, size[0], found.targets.classes)
    fit.steps = found.course.steps
    for name, points in found.course.signals.items():
        for step, number in points:
            fit.records.value(name, step, number)
    more = {"rows": size[0], "seconds": fit.seconds}
    tell("training", found.course.fact() | more)
    if found.course.converged is not None:
        fit.said["converged"] = found.course.converged


def _inputs(last: Any, table: Any, *, direct: bool) -> dict[str, Any]:
    """Of what enters the estimator that predicts, where it is seen to be `direct`."""
    size = shape(table)
    entered = None if size is None else sample(table, some(size[0]))
    if entered is None or not entered.rows.size:
        return {}
    rows = entered.rows
    finite = np.isfinite(rows)
    fact = ranges(rows) | {"shape": [rows.shape[1]], "dtype": "float64"}
    if finite.any():
        known = rows[finite]
        fact |= {
            "mean": float(known.mean()),
            "std": float(known.std()),
            "min": float(known.min()),
            "max": float(known.max()),
        }
    if not describe.takes_missing(last):
        fact["nonfinite"] = float(1 - finite.mean())
    if direct and describe.is_scaled(last):
        fact["first_layer"] = type(last).__name__
    return fact
