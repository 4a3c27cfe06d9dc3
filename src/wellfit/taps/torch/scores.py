"""Predictions against targets: sums that any number of batches can be added to."""

from collections import deque
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wellfit.taps.torch.criteria import BITS, Call
from wellfit.taps.torch.numbers import Floats, Later, send, settle

Whole = NDArray[np.int64]

MOST_CLASSES = 10_000  # counted one by one; beyond it, accuracy alone
NAMED_CLASSES = 100  # whose recall is recorded one by one
CONFUSED = 20  # classes whose confusion, and whose curves, are told
MOST_RANKED = 1 << 18  # scores of an evaluation that its curves are drawn of
MOST_LOGITS = 1 << 21  # looked at in one call; of more, every so manieth row
MOST_NUMBERS = 1 << 15  # likewise; they cost more each


class Scores(Protocol):
    """What a task's batches are summed into."""

    def add(self, call: Call) -> None:
        """Take in one batch; it is counted once it has come from its device."""

    @property
    def here(self) -> bool:
        """Whether all that was taken in has come."""

    def result(self) -> dict[str, float]:
        """The scores of all batches since the start, by signal name; waits for them."""


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
    a `whole` evaluation also precision, F1 and the confusion of the classes, and the
    areas under the ROC and the precision–recall curve: of more than two classes, the
    mean of those of each class against the others.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._rows = 0
        self._whole = whole
        self._coming: deque[Later] = deque()
        self._pairs = np.zeros(0, np.int64)  # target × classes + predicted
        self._ranked: list[tuple[Floats, Whole]] = []  # ranks, targets
        self._held = 0
        self._correct = 0
        self._targets = np.zeros(0, np.int64)
        self._predicted = np.zeros(0, np.int64)
        self._hits = np.zeros(0, np.int64)

    def add(self, call: Call) -> None:
        """Take in one batch; it is counted once it has come from its device."""
        self._coming.append(self._taken(call))
        settle(self._coming, wait=False)

    def _taken(self, call: Call) -> Later:
        """Predicted and true classes of a batch and, where wanted, their ranks.

        Ranks (samples × columns) say how likely a class is beside the other samples: a
        column for each class, or one for the second of two.
        """
        ranked = self._whole and self._held < MOST_RANKED
        outputs, targets = call.outputs, call.targets
        assert targets is not None
        if call.criterion in BITS:
            outputs = _some(outputs.reshape(-1), MOST_LOGITS)
            targets = _some(targets.reshape(-1), MOST_LOGITS) > 0.5
            boundary = 0.5 if call.criterion == "binary_cross_entropy" else 0.0
            coming = [outputs > boundary, targets]
            if ranked:
                coming.append(outputs.float()[:, None])
            return self._counted(coming, 2, None)
        classes = outputs.shape[1]
        if targets.is_floating_point():
            targets = targets.argmax(1)
        flat = outputs
        if outputs.ndim > 2:
            flat = outputs.movedim(1, -1).reshape(-1, classes)
        stride = max(1, flat.numel() // MOST_LOGITS)
        flat = flat[::stride]
        coming = [flat.argmax(-1), targets.reshape(-1)[::stride]]
        if ranked and outputs.ndim == 2 and classes == 2:
            coming.append((flat[:, 1:] - flat[:, :1]).float())
        elif ranked and outputs.ndim == 2 and 2 < classes <= CONFUSED:
            coming.append(flat.float().log_softmax(1))
        return self._counted(coming, classes, call.options.get("ignore_index", -100))

    def _counted(
        self, coming: list[Tensor], classes: int, ignored: int | None
    ) -> Later:
        count = partial(self._count, classes, ignored)
        return Later(tuple(send(part) for part in coming), count)

    @property
    def here(self) -> bool:
        """Whether all that was taken in has come."""
        return all(batch.here for batch in self._coming)

    def _count(
        self,
        classes: int,
        ignored: int | None,
        predicted: Floats,
        targets: Floats,
        ranks: Floats | None = None,
    ) -> dict[str, float]:
        """Take in a batch that has come; `ignored` is a target that is none."""
        if ignored is not None and not (kept := targets != ignored).all():
            predicted, targets = predicted[kept], targets[kept]
            ranks = None if ranks is None else ranks[kept]
        if len(targets):
            self._add(predicted.astype(int), targets.astype(int), classes, ranks)
        return {}

    def _add(
        self, predicted: Whole, targets: Whole, classes: int, ranks: Floats | None
    ) -> None:
        hits = predicted == targets
        self._rows += len(targets)
        self._correct += int(np.count_nonzero(hits))
        if classes <= MOST_CLASSES:
            self._targets = _summed(self._targets, targets, classes)
            self._predicted = _summed(self._predicted, predicted, classes)
            self._hits = _summed(self._hits, targets[hits], classes)
        if self._whole and classes <= CONFUSED:
            pairs = targets * classes + predicted
            self._pairs = _summed(self._pairs, pairs, classes**2)
        if ranks is not None:
            self._ranked.append((ranks, targets))
            self._held += ranks.size

    def result(self) -> dict[str, float]:
        """Accuracy, balanced accuracy, top share, and recall by class."""
        settle(self._coming, wait=True)
        if not self._rows:
            return {}
        found = {"accuracy": self._correct / self._rows}
        seen = np.flatnonzero(self._targets).tolist()
        if not seen:
            return found
        recalls = (self._hits / np.maximum(self._targets, 1)).tolist()
        found["balanced_accuracy"] = sum(recalls[c] for c in seen) / len(seen)
        found["top_share"] = float(self._predicted.max()) / self._rows
        if self._whole:
            found |= self._more(seen)
        if len(self._targets) <= NAMED_CLASSES:
            found |= {f"recall@{c}": recalls[c] for c in seen}
        return found

    def _more(self, seen: list[int]) -> dict[str, float]:
        precisions = self._hits / np.maximum(self._predicted, 1)
        f1 = 2 * self._hits / np.maximum(self._targets + self._predicted, 1)
        found = {
            "precision": float(precisions[seen].mean()),
            "f1": float(f1[seen].mean()),
        }
        if self._ranked:
            ranks, targets = (
                np.concatenate(part) for part in zip(*self._ranked, strict=True)
            )
            found |= _mean_areas(ranks, targets)
        return found

    def confusion(self) -> list[list[int]] | None:
        """Of each class (row), how many were predicted as each; None of many."""
        settle(self._coming, wait=True)
        classes = len(self._targets)
        if not len(self._pairs):
            return None
        table: list[list[int]] = self._pairs.reshape(classes, classes).tolist()
        return table

    def counts(self) -> dict[int, int]:
        """Class → samples of it seen."""
        settle(self._coming, wait=True)
        return {c: n for c, n in enumerate(self._targets.tolist()) if n}


class NumberScores:
    """Errors, R² and spread; outputs of several columns are averaged over them."""

    def __init__(self) -> None:
        self._rows = 0
        self._coming: deque[Later] = deque()
        self._sums: Floats | None = None  # (six sums × columns)

    def add(self, call: Call) -> None:
        """Take in one batch; it is counted once it has come from its device."""
        pair = _numbers(call)
        if pair is None:
            return
        self._coming.append(Later((send(pair[0]), send(pair[1])), self._count))
        settle(self._coming, wait=False)

    @property
    def here(self) -> bool:
        """Whether all that was taken in has come."""
        return all(batch.here for batch in self._coming)

    def _count(self, outputs: Floats, targets: Floats) -> dict[str, float]:
        error = outputs - targets
        columns = (targets, targets**2, outputs, outputs**2, error**2, np.abs(error))
        sums = np.stack([c.sum(0) for c in columns])
        if self._sums is None or self._sums.shape != sums.shape:
            self._sums, self._rows = np.zeros_like(sums), 0
        self._sums += sums
        self._rows += len(targets)
        return {}

    def result(self) -> dict[str, float]:
        """RMSE, MAE, R² and spread."""
        settle(self._coming, wait=True)
        if self._sums is None or self._rows < 2:
            return {}
        target, target2, output, output2, squared, absolute = self._sums / self._rows
        variance = np.maximum(target2 - target**2, 0)
        varied = variance > 1e-12 * target2
        found = {
            "rmse": float(np.sqrt(squared.mean())),
            "mae": float(absolute.mean()),
        }
        if varied.any():
            spread = np.maximum(output2 - output**2, 0)[varied] / variance[varied]
            found["r2"] = float((1 - squared[varied] / variance[varied]).mean())
            found["spread"] = float(np.sqrt(spread).mean())
        return found


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


def _mean_areas(ranks: Floats, targets: Whole) -> dict[str, float]:
    """`areas` of two classes, or the mean over those that have samples."""
    columns = ranks.shape[1]
    labels = [1] if columns == 1 else sorted(set(targets.tolist()))
    each = [areas(ranks[:, k if columns > 1 else 0], targets == k) for k in labels]
    if not each or not all(each):
        return {}
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}


def _numbers(call: Call) -> tuple[Tensor, Tensor] | None:
    """Outputs and targets as `(rows, columns)`; None where they differ, or are none."""
    outputs, targets = call.outputs, call.targets
    if targets is None or outputs.numel() != targets.numel() or not targets.numel():
        return None
    wide = outputs.ndim == 2 and outputs.shape == targets.shape
    shape = (-1, outputs.shape[1]) if wide and outputs.shape[1] <= 64 else (-1, 1)
    if call.criterion == "binary_cross_entropy_with_logits":
        outputs = outputs.sigmoid()
    return (
        _some(outputs.reshape(shape), MOST_NUMBERS),
        _some(targets.reshape(shape), MOST_NUMBERS),
    )


def _some(rows: Tensor, most: int) -> Tensor:
    return rows[:: max(1, rows.numel() // most)]


def _summed(total: Whole, values: Whole, classes: int) -> Whole:
    counted = np.bincount(values, minlength=classes)
    return total + counted if len(total) else counted
