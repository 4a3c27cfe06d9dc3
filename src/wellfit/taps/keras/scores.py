"""Predictions against targets, in sums that any number of batches can be added to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.keras.losses import Criterion

NAMED_CLASSES = 100  # whose recall is recorded one by one
MOST_CLASSES = 10_000
MOST_OUTPUTS = 1 << 20  # of one batch; of more, every so manieth row

Array = NDArray[Any]


class Scores:
    """Accuracy and recall for classes, errors and R² for numbers."""

    def __init__(self, criterion: Criterion) -> None:
        self.rows = 0
        self.batches = 0
        self._criterion = criterion
        self._table = np.zeros((3, 0), dtype=np.int64)  # targets, predicted, hits
        self._sums: Array | None = None

    def add(self, outputs: Array, targets: Array) -> None:
        """Take in one batch."""
        self.batches += 1
        stride = max(1, outputs.size // MOST_OUTPUTS)
        outputs, targets = outputs[::stride], targets[::stride]
        if self._criterion.task == "regression":
            self._numbers(outputs, targets)
        elif self._criterion.task != "other":
            told = labels(self._criterion, targets, outputs)
            if told is not None:
                self._classes(predicted(self._criterion, outputs), told)

    def _classes(self, guesses: Array, told: Array) -> None:
        if len(guesses) != len(told) or not len(told):
            return
        ignored = self._criterion.options.get("ignore_class")
        if ignored is not None:
            guesses, told = guesses[told != ignored], told[told != ignored]
        most = int(max(guesses.max(initial=0), told.max(initial=0))) + 1
        if most > MOST_CLASSES or told.min(initial=0) < 0:
            return
        wide = max(most, self._table.shape[1])
        table = np.zeros((3, wide), dtype=np.int64)
        table[:, : self._table.shape[1]] = self._table
        for row, seen in enumerate((told, guesses, told[told == guesses])):
            table[row] += np.bincount(seen, minlength=wide)
        self._table = table
        self.rows += len(told)

    def _numbers(self, outputs: Array, targets: Array) -> None:
        if outputs.size != targets.size or not outputs.size:
            return
        wide = outputs.ndim == 2 and 1 < outputs.shape[1] <= 64
        shape = (-1, outputs.shape[1]) if wide else (-1, 1)
        guess = outputs.reshape(shape).astype(np.float64)
        told = targets.reshape(shape).astype(np.float64)
        error = guess - told
        columns = (told, told**2, guess, guess**2, error**2, np.abs(error))
        sums = np.stack([c.sum(0) for c in columns])
        if self._sums is None or self._sums.shape != sums.shape:
            self._sums, self.rows = np.zeros_like(sums), 0
        self._sums += sums
        self.rows += len(told)

    @property
    def counts(self) -> dict[int, int]:
        """Class → samples of it seen."""
        return {c: int(n) for c, n in enumerate(self._table[0]) if n}

    def result(self) -> dict[str, float]:
        """The scores of all batches, by signal name; none where a number is broken."""
        if not self.rows:
            return {}
        if self._sums is not None:
            return self._of_numbers()
        told, guessed, hits = self._table
        seen = np.flatnonzero(told)
        recalls = hits / np.maximum(told, 1)
        found = {
            "accuracy": float(hits.sum()) / self.rows,
            "balanced_accuracy": float(recalls[seen].mean()),
            "top_share": float(guessed.max()) / self.rows,
        }
        if len(told) <= NAMED_CLASSES:
            found |= {f"recall@{c}": float(recalls[c]) for c in seen}
        return found

    def _of_numbers(self) -> dict[str, float]:
        assert self._sums is not None
        told, told2, guess, guess2, squared, absolute = self._sums / self.rows
        variance = np.maximum(told2 - told**2, 0.0)
        varied = variance > 1e-12 * told2
        found = {"rmse": float(squared.mean() ** 0.5), "mae": float(absolute.mean())}
        if self.rows > 1 and varied.any():
            spread = np.maximum(guess2 - guess**2, 0.0)[varied] / variance[varied]
            found["r2"] = float((1 - squared[varied] / variance[varied]).mean())
            found["spread"] = float(np.sqrt(spread).mean())
        return found


def labels(criterion: Criterion, targets: Array, outputs: Array | None) -> Array | None:
    """The true classes, one-dimensional; None where the targets are no classes."""
    if not targets.size:
        return None
    if criterion.task == "binary":
        flat = targets.reshape(-1)
        return np.asarray(flat > 0.5, dtype=np.int64)
    one_hot = targets.ndim > 1 and targets.shape[-1] > 1
    if outputs is not None:
        one_hot = one_hot and targets.shape == outputs.shape
    if one_hot:
        return np.asarray(targets.argmax(-1).reshape(-1))
    flat = targets.reshape(-1)
    return flat.astype(np.int64) if np.isfinite(flat).all() else None


def predicted(criterion: Criterion, outputs: Array) -> Array:
    """The predicted classes, one-dimensional."""
    if criterion.task == "binary":
        border = 0.0 if criterion.of_logits or "hinge" in criterion.name else 0.5
        return np.asarray(outputs.reshape(-1) > border, dtype=np.int64)
    return np.asarray(outputs.argmax(-1).reshape(-1))
