"""Metrics of predictions, and the choice among them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score  # noqa: TID253

from wellfit.core.errors import UnknownName
from wellfit.data.target import Task
from wellfit.models.model import decided

Numbers = NDArray[np.float64]
Measure = Callable[[Numbers, NDArray[Any]], float]  # predictions, targets
RARE = 0.7  # of its fair share: a class below it makes the classes imbalanced


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One way to score predictions; `why` says why it was chosen."""

    name: str
    greater_is_better: bool
    measure: Measure
    why: str = ""

    def better(self, a: float, b: float) -> bool:
        """Whether the score `a` beats `b`."""
        return a > b if self.greater_is_better else a < b


def accuracy(p: Numbers, y: NDArray[Any]) -> float:
    """The share of rows whose most probable class is their own."""
    return float(np.mean(p.argmax(axis=1) == y))


def _recalls(p: Numbers, y: NDArray[Any]) -> Numbers:
    guess = p.argmax(axis=1)
    return np.array([np.mean(guess[y == k] == k) for k in np.unique(y)])


def balanced_accuracy(p: Numbers, y: NDArray[Any]) -> float:
    """The mean recall of the classes that there are."""
    return float(np.mean(_recalls(p, y)))


def auc(p: Numbers, y: NDArray[Any]) -> float:
    """Area under the ROC curve, one class against the rest, the mean over classes."""
    present = [k for k in np.unique(y) if np.any(y != k)]
    if p.shape[1] == 2:
        present = present[-1:]
    scores = [roc_auc_score(y == k, p[:, k]) for k in present]
    return float(np.mean(scores)) if scores else float("nan")


def log_loss(p: Numbers, y: NDArray[Any]) -> float:
    """Cross-entropy of the probabilities, in nats."""
    return float(-np.mean(np.log(np.clip(p[np.arange(len(y)), y], 1e-15, 1.0))))


def f1_macro(p: Numbers, y: NDArray[Any]) -> float:
    """F1, the mean over the classes that there are."""
    guess = p.argmax(axis=1)
    scores = []
    for k in np.unique(y):
        hits = np.sum((guess == k) & (y == k))
        scores.append(2 * hits / (np.sum(guess == k) + np.sum(y == k)))
    return float(np.mean(scores))


def rmse(p: Numbers, y: NDArray[Any]) -> float:
    """Root of the mean squared error, in the target's units."""
    return float(np.sqrt(np.mean((p - y) ** 2)))


def mae(p: Numbers, y: NDArray[Any]) -> float:
    """Mean absolute error, in the target's units."""
    return float(np.mean(np.abs(p - y)))


def r2(p: Numbers, y: NDArray[Any]) -> float:
    """1 − squared error over the target's variance; NaN where it has none."""
    variance = float(np.var(y))
    return 1 - float(np.mean((p - y) ** 2)) / variance if variance else float("nan")


def _metrics(greater: Mapping[Measure, bool]) -> dict[str, Metric]:
    return {
        m.__name__: Metric(name=m.__name__, greater_is_better=g, measure=m)
        for m, g in greater.items()
    }


METRICS: Mapping[Task, Mapping[str, Metric]] = {
    "classification": _metrics(
        {
            accuracy: True,
            balanced_accuracy: True,
            auc: True,
            log_loss: False,
            f1_macro: True,
        }
    ),
    "regression": _metrics({rmse: False, mae: False, r2: True}),
}


# Those that go by what is predicted, and not by how probable it is.
DECIDED = ("accuracy", "balanced_accuracy", "f1_macro")


def scores(
    task: Task, predictions: Numbers, y: NDArray[Any], threshold: float | None = None
) -> dict[str, float]:
    """Every metric of the task, by name."""
    found = {n: m.measure(predictions, y) for n, m in METRICS[task].items()}
    if threshold is not None:
        guess = decided(predictions, threshold)
        found |= {n: METRICS[task][n].measure(guess, y) for n in DECIDED}
    return found


def signals(p: Numbers, y: NDArray[Any], labels: Sequence[Any]) -> dict[str, float]:
    """The scores of an evaluation, by the names of core/signals.py; recall by class."""
    if p.ndim == 1:
        found = scores("regression", p, y)
        return found | {"spread": float(np.std(p) / (np.std(y) or 1.0))}
    guess = p.argmax(axis=1)
    recall = {f"recall@{labels[k]}": np.mean(guess[y == k] == k) for k in np.unique(y)}
    top = np.bincount(guess).max() / len(guess)
    return scores("classification", p, y) | {"top_share": float(top)} | recall


def choose_metric(
    task: Task, counts: Mapping[str, int], y: NDArray[Any], name: str | None = None
) -> Metric:
    """The metric of that name; without one, the metric that fits, and why.

    Numbers: RMSE. Classes: accuracy where they are balanced. Where one has less than
    70 % of its fair share accuracy would hide it: AUC of two classes, log loss of
    more, whose AUC would hang on the few rows of the rarest. `y` are the targets that
    will be judged by: where they are all of one class there is no AUC.
    """
    if name is not None:
        if name not in METRICS[task]:
            raise UnknownName(f"metric of {task}", name, among=METRICS[task])
        return _because(METRICS[task][name], "as asked")
    if task == "regression":
        return _because(METRICS[task]["rmse"], "the error in the target's own units")
    rarest = min(counts, key=lambda label: counts[label])
    share = counts[rarest] / sum(counts.values())
    if share >= RARE / len(counts):
        return _because(METRICS[task]["accuracy"], "no class is rare")
    why = f"class {rarest} is only {share:.1%} of the rows; accuracy would hide it"
    ranked = len(counts) == 2 == len(np.unique(y))
    return _because(METRICS[task]["auc" if ranked else "log_loss"], why)


def _because(metric: Metric, why: str) -> Metric:
    return replace(metric, why=why)
