"""What a fit is for: targets, task, and what a trivial answer would score."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.sklearn.describe import criterion_of
from wellfit.taps.sklearn.rows import CLASSES, label

MOST = 100_000  # targets that are counted; of more, every so manieth


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of a fit: classes with their counts, or numbers."""

    task: str  # as the fact `objective` names it
    labels: list[Any] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = ()

    @property
    def classes(self) -> int:
        """How many classes; 0 where these are numbers."""
        return len(self.labels)

    def numbered(self, targets: Any) -> NDArray[np.float64]:
        """Some of these targets as numbers: a class's place among the labels."""
        values = np.asarray(targets)
        if values.ndim != 1:
            return np.full(len(values), np.nan)
        if not self.labels:
            return values.astype(np.float64)
        places = {name: place for place, name in enumerate(self.labels)}
        return np.array([places.get(v, np.nan) for v in values.tolist()], dtype=float)


def targets_of(targets: Any, *, classifies: bool) -> Targets:
    """What these targets are; `other` where there are none."""
    values = None if targets is None else np.asarray(targets)
    if values is not None and values.ndim == 2 and values.shape[1] == 1:
        values = values.ravel()
    if values is None or not values.size:
        return Targets("other")
    shape = tuple(int(n) for n in values.shape)
    values = values[:: -(-len(values) // MOST)]
    if not classifies:
        if values.dtype.kind not in "biuf":
            return Targets("other", shape=shape)
        return Targets("regression", numbers=_moments(values), shape=shape)
    if values.ndim > 1:
        return Targets("multilabel", shape=shape)
    seen, counts = np.unique(values, return_counts=True)
    if len(seen) > CLASSES:
        return Targets("classification", shape=shape)
    known = seen.tolist()
    named = dict(zip([label(v) for v in known], counts.tolist(), strict=True))
    task = "binary" if len(known) == 2 else "classification"
    return Targets(task, known, named, shape=shape)


def _moments(values: NDArray[Any]) -> dict[str, Any]:
    values = values[np.isfinite(values)].astype(np.float64)
    if not len(values):
        return {}
    away = np.abs(values - values.mean())
    return {
        "min": float(values.min()),
        "max": float(values.max()),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "integer": bool((values == values.round()).all()),
        "deviation": float(away.mean()),
        "median_deviation": float(np.abs(values - np.median(values)).mean()),
    }


def objective_fact(last: Any, targets: Targets) -> dict[str, Any]:
    """The fact `objective`."""
    said = dict(targets.numbers)
    away = (said.pop("deviation", None), said.pop("median_deviation", None))
    criterion = criterion_of(last, targets.classes)
    known = vars(last)
    fact: dict[str, Any] = {
        "criterion": criterion,
        "task": targets.task,
        "classes": targets.classes or None,
        "weighted": known.get("class_weight") is not None,
        "target_shape": list(targets.shape),
        "targets": said | {"counts": targets.counts},
    }
    if targets.counts:
        shares = np.array(list(targets.counts.values())) / sum(targets.counts.values())
        trivial = {"accuracy": float(shares.max())}
        if criterion == "cross_entropy":
            entropy = float(-(shares * np.log(shares)).sum())
            trivial["loss"] = unit(last, targets.classes) * entropy
        fact["trivial"] = trivial
    elif said:
        trivial = {"mae": away[0], "rmse": said["std"]}
        if criterion == "mse_loss":
            trivial["loss"] = unit(last, 0) * said["std"] ** 2
        elif criterion == "l1_loss":
            trivial["loss"] = away[1]
        fact["trivial"] = trivial
    return fact


def unit(last: Any, classes: int) -> float:
    """How many cross-entropies, or squared errors, its own loss counts as one.

    The binomial deviance is two cross-entropies; some halve the squared error.
    """
    kind = type(last).__name__
    if kind == "GradientBoostingClassifier" and classes == 2:
        return 2.0
    halved = ("MLPRegressor", "HistGradientBoostingRegressor")
    return 0.5 if kind in halved and not classes else 1.0
