"""Predictions of a booster against their targets."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.boosting.objectives import LOGARITHMIC, SOFTMAX, Objective

Floats = NDArray[np.float64]

ROWS = 20_000  # scored; of more, every so manieth
NAMED_CLASSES = 100  # whose recall is recorded one by one
LEAST = 1e-15  # a probability: below, both frameworks clip it for the loss


class Seen(NamedTuple):
    """A data set as a booster sees it: predictions `(rows,)` or `(rows, classes)`."""

    predictions: Floats
    targets: Floats
    weights: Floats | None

    def some(self) -> "Seen":
        """The same, of not too many rows."""
        stride = -(-len(self.targets) // ROWS)
        weights = None if self.weights is None else self.weights[::stride]
        return Seen(self.predictions[::stride], self.targets[::stride], weights)


def scores(seen: Seen, objective: Objective) -> dict[str, float]:
    """The loss, where it can be had, and the scores of the task, by signal name."""
    if not len(seen.targets) or len(seen.predictions) != len(seen.targets):
        return {}
    seen = seen.some()
    found = {"loss": _loss(seen, objective.loss)} if objective.known else {}
    if objective.task in ("binary", "classification"):
        return found | _classes(seen)
    if objective.task == "regression" and seen.predictions.ndim == 1:
        return found | _numbers(seen)
    return found


def _loss(seen: Seen, loss: str) -> float:
    predictions, targets, weights = seen
    if loss in LOGARITHMIC:
        p = np.clip(predictions, LEAST, 1 - LEAST)
        each = -(targets * np.log(p) + (1 - targets) * np.log1p(-p))
        if loss != "cross_entropy" and not ((targets == 0) | (targets == 1)).all():
            each = -np.log(np.where(targets > 0, p, 1 - p))
    elif loss in SOFTMAX:
        own = predictions[np.arange(len(targets)), targets.astype(np.int64)]
        each = -np.log(np.clip(own, LEAST, None))
    elif loss in ("mae", "l1"):
        each = np.abs(predictions - targets)
    else:
        each = (predictions - targets) ** 2
    mean = float(np.average(each, weights=weights))
    return mean**0.5 if loss == "rmse" else mean


def _classes(seen: Seen) -> dict[str, float]:
    wide = seen.predictions.ndim == 2
    classes = seen.predictions.shape[1] if wide else 2
    predicted = seen.predictions.argmax(1) if wide else seen.predictions > 0.5
    actual = seen.targets.astype(np.int64) if wide else seen.targets > 0
    counts = np.bincount(actual, minlength=classes)
    hits = np.bincount(actual[predicted == actual], minlength=classes)
    there = np.flatnonzero(counts)
    recalls = hits[there] / counts[there]
    favourite = np.bincount(predicted, minlength=classes).max()
    found = {
        "accuracy": float(hits.sum() / len(actual)),
        "balanced_accuracy": float(recalls.mean()),
        "top_share": float(favourite / len(actual)),
    }
    if len(counts) <= NAMED_CLASSES:
        pairs = zip(there.tolist(), recalls.tolist(), strict=True)
        found |= {f"recall@{label}": recall for label, recall in pairs}
    return found


def _numbers(seen: Seen) -> dict[str, float]:
    away = seen.predictions - seen.targets
    squared, variance = float(np.mean(away**2)), float(np.var(seen.targets))
    found = {"rmse": squared**0.5, "mae": float(np.mean(np.abs(away)))}
    if variance > 1e-12 * float(np.mean(seen.targets**2)):
        found["r2"] = 1 - squared / variance
        found["spread"] = float(np.std(seen.predictions)) / variance**0.5
    return found


def trivial(targets: Floats, objective: Objective) -> dict[str, float]:
    """The scores of always answering with the class shares, or with the mean."""
    if objective.task in ("binary", "classification"):
        whole = targets.astype(np.int64)
        counts = np.unique(whole, return_counts=True)[1]
        shares = counts / counts.sum()
        entropy = float(-(shares * np.log(shares)).sum())
        return {"loss": entropy, "accuracy": float(shares.max())}
    if objective.task != "regression":
        return {}
    away = targets - targets.mean()
    found = {"mae": float(np.abs(away).mean()), "rmse": float(np.std(targets))}
    if objective.loss == "rmse":
        found["loss"] = found["rmse"]
    elif objective.loss == "l2":
        found["loss"] = found["rmse"] ** 2
    elif objective.loss in ("mae", "l1"):
        found["loss"] = float(np.abs(targets - np.median(targets)).mean())
    return found
