"""What is trained for: criterion, outputs, targets, and a trivial answer's score."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wellfit.taps.torch.criteria import CRITERIA, Call
from wellfit.taps.torch.numbers import Floats, Later, flat, send

ROWS = 256  # of a call that are looked at
MOST_VALUES = 1 << 13  # in them; of wider ones fewer rows
MOST_BATCHES = 64  # compared with each other
MOST_CLASSES = 1000  # of them; more are taken together by their remainders
TARGETS = 4096  # kept for the trivial answer of a regression


class Batch(NamedTuple):
    """Of a batch's targets: how many, the share of each class or the mean; the latter's
    mean square.
    """

    rows: int
    means: NDArray[np.float64]
    square: float


class Objective:
    """Gathers the fact `objective` from calls of the criterion."""

    def __init__(self) -> None:
        self.task = "other"
        self._call: Call | None = None
        self._looks = 0
        self._shares = np.zeros(3)
        self._range = [float("inf"), float("-inf")]
        self._targets: list[Tensor] = []
        self._kept = 0
        self._counts: dict[int, int] = {}
        self._batches: list[Batch] = []
        self._between = 0.0  # squares of the differences of neighbours; of classes, 1
        self._pairs = 0

    def look(self, call: Call, *, sketch: bool) -> Later | None:
        """Take in one call of training; its `output_*` and `target_*` signals.

        `sketch` looks closer: at what the outputs might be, and at classes.
        """
        if self._call is None:
            self._call, self.task = call, call.task
        elif call.criterion != self._call.criterion:
            return None
        outputs, targets = _some(call.outputs), call.targets
        if outputs is None:
            return None
        told = targets is not None and targets.numel() and not targets.is_complex()
        ignored = call.options.get("ignore_index", -100)

        def tell(outputs: Floats, targets: Floats | None = None) -> dict[str, float]:
            if sketch:
                self._shares += _shares(outputs)
                self._looks += 1
            low, high = float(outputs.min()), float(outputs.max())
            self._range = [min(self._range[0], low), max(self._range[1], high)]
            found = {"output_min": low, "output_max": high}
            return found | ({} if targets is None else self._target(targets, ignored))

        coming = [send(outputs)]
        if targets is not None and told and (sketch or self.task == "regression"):
            coming.append(send(flat(targets)[:TARGETS]))
        return Later(tuple(coming), tell)

    def _target(self, targets: Floats, ignored: int) -> dict[str, float]:
        if self.task == "classification":
            targets = targets[targets != ignored]
        if self._kept < TARGETS:
            self._targets.append(torch.from_numpy(targets))
            self._kept += len(targets)
        if self._call is not None and _in_a_row(self._call.targets):
            apart = np.diff(targets)
            if self.task != "regression":
                apart = apart != 0
            self._between += float((apart * apart).sum())
            self._pairs += len(apart)
            if len(self._batches) < MOST_BATCHES and len(targets) > 1:
                self._batches.append(_batch(targets, self.task))
        if self.task != "regression" or not len(targets):
            return {}
        return {
            "target_mean": float(targets.mean()),
            "target_std": float(targets.std()),
        }

    def count(self, counts: dict[int, int]) -> None:
        """So many more samples of each class were seen."""
        for label, number in counts.items():
            self._counts[label] = self._counts.get(label, 0) + number

    def fact(self) -> dict[str, Any] | None:
        """The fact `objective`, as far as it is known by now."""
        call = self._call
        if call is None or not self._looks:
            return None
        targets = torch.cat(self._targets) if self._targets else torch.zeros(0)
        shares = [float(share) for share in self._shares / self._looks]
        shape = list(call.targets.shape) if call.targets is not None else None
        return {
            "criterion": call.criterion,
            "task": self.task,
            "classes": self._classes(call),
            "reduction": call.options.get("reduction", "mean"),
            "weighted": call.options.get("weight") is not None
            or call.options.get("pos_weight") is not None,
            "label_smoothing": float(call.options.get("label_smoothing") or 0.0),
            "output_shape": list(call.outputs.shape),
            "target_shape": shape,
            "broadcast": self.task == "regression" and _broadcast(call),
            "outputs": {
                "min": self._range[0],
                "max": self._range[1],
                "rows_sum_to_one": shares[0],
                "within_unit": shares[1],
                "nonpositive": shares[2],
            },
            "targets": _targets(targets)
            | {"counts": self._named(), "order": self._order(targets)}
            | self._apart(),
            "trivial": self._trivial(call, targets),
        }

    def _classes(self, call: Call) -> int | None:
        if self.task == "classification":
            return int(call.outputs.shape[1])
        return 2 if self.task == "binary" else None

    def _order(self, targets: Tensor) -> float | None:
        """How much neighbours in a batch differ, over how much any two would.

        About 1 in shuffled data, about 0 in sorted data (von Neumann's ratio).
        """
        if self.task == "regression":
            any_two = 2 * float(targets.var()) if len(targets) > 1 else 0.0
        else:
            numbers = np.array(list(self._counts.values()), np.float64)
            any_two = 1 - float(((numbers / max(numbers.sum(), 1)) ** 2).sum())
        if not self._pairs or not math.isfinite(any_two) or any_two <= 0:
            return None
        return self._between / self._pairs / any_two

    def _apart(self) -> dict[str, Any]:
        """`batches`: how much they differ, over how much random ones would (about 1).

        The variance between the batches over that within all of them: up to the size of
        a batch, where each is of one kind. Of classes, Pearson's dispersion. `looked`
        is how many batches.
        """
        if len(self._batches) < 2 or not (self._counts or self.task == "regression"):
            return {}
        rows = np.array([batch.rows for batch in self._batches], np.float64)
        means = [batch.means for batch in self._batches]
        if self.task == "regression":
            whole = np.array([rows @ np.concatenate(means) / rows.sum()])
            squares = rows @ np.array([batch.square for batch in self._batches])
            within = float(squares / rows.sum() - whole[0] ** 2)
        else:  # of classes, all that were seen are counted
            whole = _shares_of(self._counts)
            within = 1 - float((whole**2).sum())
        width = max(len(whole), *map(len, means))
        apart = np.stack([np.pad(m, (0, width - len(m))) for m in means])
        apart -= np.pad(whole, (0, width - len(whole)))
        between = float((rows @ apart**2).sum()) / len(rows)
        if not math.isfinite(between) or not within > 0:
            return {}
        return {"batches": between / within, "looked": len(rows)}

    def _named(self) -> dict[str, int]:
        return {str(label): self._counts[label] for label in sorted(self._counts)}

    def _trivial(self, call: Call, targets: Tensor) -> dict[str, float]:
        """The scores of always answering with the class shares, or the mean."""
        if self.task in ("classification", "binary", "multilabel") and self._counts:
            numbers = torch.tensor(list(self._counts.values()), dtype=torch.float64)
            shares = numbers / numbers.sum()
            entropy = float(-(shares * shares.log()).nan_to_num().sum())
            return {"loss": entropy, "accuracy": float(shares.max())}
        if self.task != "regression" or not len(targets):
            return {}
        away = targets - targets.mean()
        squared, absolute = float((away**2).mean()), float(away.abs().mean())
        found = {"mae": absolute, "rmse": squared**0.5}
        if call.criterion == "mse_loss":
            found["loss"] = squared
        elif call.criterion == "l1_loss":
            found["loss"] = float((targets - targets.median()).abs().mean())
        elif call.criterion in ("smooth_l1_loss", "huber_loss"):
            function = CRITERIA[call.criterion]
            middle = targets.median().expand_as(targets)
            wanted = {k: v for k, v in call.options.items() if k in ("beta", "delta")}
            found["loss"] = float(function(middle, targets, **wanted))
        return found


def _some(outputs: Tensor) -> Tensor | None:
    """Some rows of the outputs as they are; None where there are none."""
    if not outputs.numel() or outputs.is_complex() or outputs.is_nested:
        return None
    some = outputs.detach().reshape(-1, *outputs.shape[1:])
    apart = max(1, -(-some.numel() // MOST_VALUES), -(-len(some) // ROWS))
    return some[::apart]


def _shares(outputs: Floats) -> Floats:
    """Shares of rows that sum to one, of values in [0, 1], and of values ≤ 0."""
    inside = (outputs >= 0) & (outputs <= 1)
    sums = 0.0
    if outputs.ndim > 1 and outputs.shape[1] > 1:
        whole = np.abs(outputs.sum(1) - 1) < 1e-3
        sums = float((whole & inside.all(1)).mean())
    return np.array([sums, inside.mean(), (outputs <= 0).mean()])


def _targets(targets: Tensor) -> dict[str, Any]:
    if not len(targets):
        return {}
    return {
        "min": float(targets.min()),
        "max": float(targets.max()),
        "mean": float(targets.mean()),
        "std": float(targets.std(correction=0)),
        "integer": bool((targets == targets.round()).all()),
    }


def _in_a_row(targets: Tensor | None) -> bool:
    """Whether there is one target for each row of a batch."""
    return targets is not None and targets.ndim > 0 and len(targets) == targets.numel()


def _shares_of(counts: dict[int, int]) -> NDArray[np.float64]:
    """What each class has of all, by the number that `_batch` gives it."""
    labels = np.abs(np.array(list(counts), np.int64)) % MOST_CLASSES
    numbers = np.array(list(counts.values()), np.float64)
    return np.asarray(np.bincount(labels, numbers) / max(numbers.sum(), 1.0))


def _batch(targets: Floats, task: str) -> Batch:
    if task == "regression":
        mean = np.array([targets.mean()], np.float64)
        return Batch(len(targets), mean, float((targets * targets).mean()))
    labels = np.abs(targets.astype(np.int64)) % MOST_CLASSES
    return Batch(len(targets), np.bincount(labels) / len(targets), 0.0)


def _broadcast(call: Call) -> bool:
    return call.targets is not None and call.targets.shape != call.outputs.shape
