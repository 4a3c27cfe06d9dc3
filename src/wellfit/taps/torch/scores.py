"""Predictions against targets: sums that any number of batches can be added to."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wellfit.taps.torch.criteria import BITS, Call

MOST_CLASSES = 10_000  # counted one by one; beyond it, accuracy alone
NAMED_CLASSES = 100  # whose recall is recorded one by one
CONFUSED = 20  # classes whose confusion is told
MOST_RANKED = 1 << 18  # samples of an evaluation that its curves are drawn of
MOST_LOGITS = 1 << 21  # looked at in one call; of more, every so manieth row
MOST_NUMBERS = 1 << 15  # likewise; they cost more each


class Scores(Protocol):
    """What a task's batches are summed into."""

    rows: int

    def add(self, call: Call) -> None:
        """Take in one batch."""

    def result(self) -> dict[str, float]:
        """The scores of all batches since the start, by signal name."""


def scores_for(task: str, *, whole: bool = False) -> Scores | None:
    """An empty sum for that task; None where there is nothing to score.

    `whole` is for a whole evaluation: what is dearer is found out too.
    """
    if task in ("classification", "binary", "multilabel"):
        return ClassScores(whole=whole)
    return NumberScores() if task == "regression" else None


class ClassScores:
    """Accuracy, recall by class, and how often the favourite class is predicted.

    For `multilabel`, every label of every sample counts as a sample of two classes. Of
    a `whole` evaluation also precision, F1 and the confusion of the classes and, where
    there are two of them, the areas under the ROC and the precision–recall curve.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self.rows = 0
        self._whole = whole
        self._pairs = torch.zeros(0, dtype=torch.int64)  # target × classes + predicted
        self._ranked: list[tuple[Tensor, Tensor]] = []  # margins, targets
        self._held = 0
        self._correct = 0
        self._targets = torch.zeros(0, dtype=torch.int64)
        self._predicted = torch.zeros(0, dtype=torch.int64)
        self._hits = torch.zeros(0, dtype=torch.int64)

    def add(self, call: Call) -> None:
        """Take in one batch."""
        predicted, targets, classes = _classes(call)
        if not len(targets):
            return
        hits = predicted == targets
        self.rows += len(targets)
        self._correct += int(hits.sum())
        if classes <= MOST_CLASSES:
            self._targets = _summed(self._targets, targets, classes)
            self._predicted = _summed(self._predicted, predicted, classes)
            self._hits = _summed(self._hits, targets[hits], classes)
        if self._whole and classes <= CONFUSED:
            pairs = targets * classes + predicted
            self._pairs = _summed(self._pairs, pairs, classes**2)
        if self._whole and classes == 2 and self._held < MOST_RANKED:
            margins = _margins(call)
            if len(margins) == len(targets):
                self._ranked.append((margins, targets))
                self._held += len(targets)

    def result(self) -> dict[str, float]:
        """Accuracy, balanced accuracy, top share, and recall by class."""
        if not self.rows:
            return {}
        found = {"accuracy": self._correct / self.rows}
        seen = self._targets.nonzero().flatten().tolist()
        if not seen:
            return found
        recalls = (self._hits / self._targets.clamp(min=1)).tolist()
        found["balanced_accuracy"] = sum(recalls[c] for c in seen) / len(seen)
        found["top_share"] = float(self._predicted.max()) / self.rows
        if self._whole:
            found |= self._more(seen)
        if len(self._targets) <= NAMED_CLASSES:
            found |= {f"recall@{c}": recalls[c] for c in seen}
        return found

    def _more(self, seen: list[int]) -> dict[str, float]:
        predicted = self._predicted.clamp(min=1)
        precisions = (self._hits / predicted).tolist()
        f1 = (2 * self._hits / (self._targets + self._predicted).clamp(min=1)).tolist()
        found = {
            "precision": sum(precisions[c] for c in seen) / len(seen),
            "f1": sum(f1[c] for c in seen) / len(seen),
        }
        if self._ranked and len(seen) == 2:
            margins, targets = (
                torch.cat(part) for part in zip(*self._ranked, strict=True)
            )
            found |= areas(margins.double().numpy(), targets.numpy() == 1)
        return found

    def confusion(self) -> list[list[int]] | None:
        """Of each class (row), how many were predicted as each; None of many."""
        classes = len(self._targets)
        if not len(self._pairs):
            return None
        table: list[list[int]] = self._pairs.reshape(classes, classes).tolist()
        return table

    def counts(self) -> dict[int, int]:
        """Class → samples of it seen."""
        numbers = self._targets.tolist()
        return {c: n for c, n in enumerate(numbers) if n}


class NumberScores:
    """Errors, R² and spread; outputs of several columns are averaged over them."""

    def __init__(self) -> None:
        self.rows = 0
        self._sums: Tensor | None = None

    def add(self, call: Call) -> None:
        """Take in one batch."""
        outputs, targets = _numbers(call)
        if outputs is None or targets is None or not len(targets):
            return
        error = outputs - targets
        columns = (targets, targets**2, outputs, outputs**2, error**2, error.abs())
        sums = torch.stack([c.sum(0) for c in columns])
        if self._sums is None or self._sums.shape != sums.shape:
            self._sums, self.rows = torch.zeros_like(sums), 0
        self._sums += sums
        self.rows += len(targets)

    def result(self) -> dict[str, float]:
        """RMSE, MAE, R² and spread."""
        if self._sums is None or self.rows < 2:
            return {}
        target, target2, output, output2, squared, absolute = self._sums / self.rows
        variance = (target2 - target**2).clamp(min=0)
        varied = variance > 1e-12 * target2
        found = {
            "rmse": float(squared.mean().sqrt()),
            "mae": float(absolute.mean()),
        }
        if bool(varied.any()):
            spread = (output2 - output**2).clamp(min=0)[varied] / variance[varied]
            found["r2"] = float((1 - squared[varied] / variance[varied]).mean())
            found["spread"] = float(spread.sqrt().mean())
        return found


def _classes(call: Call) -> tuple[Tensor, Tensor, int]:
    """Predicted and true classes, one-dimensional, and the number of classes."""
    outputs, targets = call.outputs, call.targets
    assert targets is not None
    if call.criterion in BITS:
        outputs = _some(outputs.reshape(-1), MOST_LOGITS)
        targets = _some(targets.reshape(-1), MOST_LOGITS)
        boundary = 0.5 if call.criterion == "binary_cross_entropy" else 0.0
        return (outputs > boundary).long(), (targets > 0.5).long(), 2
    classes = outputs.shape[1]
    if targets.is_floating_point():
        targets = targets.argmax(1)
    flat = outputs
    if outputs.ndim > 2:
        flat = outputs.movedim(1, -1).reshape(-1, classes)
    stride = max(1, flat.numel() // MOST_LOGITS)
    flat, targets = flat[::stride], targets.reshape(-1)[::stride].long()
    ignored = call.options.get("ignore_index", -100)
    if bool((targets == ignored).any()):
        keep = targets != ignored
        flat, targets = flat[keep], targets[keep]
    return flat.argmax(-1).cpu(), targets.cpu(), classes


def _margins(call: Call) -> Tensor:
    """How far each sample is on the side of the second of two classes."""
    outputs = call.outputs
    if call.criterion in BITS:
        return _some(outputs.reshape(-1), MOST_LOGITS).float().cpu()
    if outputs.ndim != 2:
        return outputs.new_zeros(0)
    return (outputs[:, 1] - outputs[:, 0]).float().cpu()


def areas(
    margins: NDArray[np.float64], positive: NDArray[np.bool_]
) -> dict[str, float]:
    """`auc`, under the ROC curve, and `average_precision`; ties share a threshold.

    The latter is the sum over the thresholds of precision times gain in recall, without
    interpolation (Davis & Goadrich 2006). Nothing where a margin is NaN.
    """
    if np.isnan(margins).any() or not 0 < positive.sum() < len(positive):
        return {}
    order = np.argsort(-margins, kind="stable")
    ends = np.flatnonzero(np.diff(margins[order], append=-np.inf))
    right = np.cumsum(positive[order])[ends]
    wrong = ends + 1 - right
    recall = np.append(0, right / right[-1])
    false = np.append(0, wrong / wrong[-1])
    return {
        "auc": float(np.trapezoid(recall, false)),
        "average_precision": float((np.diff(recall) * right / (ends + 1)).sum()),
    }


def _numbers(call: Call) -> tuple[Tensor | None, Tensor | None]:
    """Outputs and targets as float64 `(rows, columns)`; None where they differ."""
    outputs, targets = call.outputs, call.targets
    if targets is None or outputs.numel() != targets.numel():
        return None, None
    wide = outputs.ndim == 2 and outputs.shape == targets.shape
    shape = (-1, outputs.shape[1]) if wide and outputs.shape[1] <= 64 else (-1, 1)
    if call.criterion == "binary_cross_entropy_with_logits":
        outputs = outputs.sigmoid()
    return (
        _some(outputs.reshape(shape), MOST_NUMBERS).double(),
        _some(targets.reshape(shape), MOST_NUMBERS).double(),
    )


def _some(rows: Tensor, most: int) -> Tensor:
    return rows[:: max(1, rows.numel() // most)]


def _summed(total: Tensor, values: Tensor, classes: int) -> Tensor:
    counted = torch.bincount(values, minlength=classes)
    return total + counted if len(total) else counted
