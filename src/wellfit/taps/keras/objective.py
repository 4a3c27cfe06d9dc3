"""What a Keras model is trained for: criterion, outputs, targets, a trivial answer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.keras.losses import BY_HAND, Criterion
from wellfit.taps.keras.scores import labels

ROWS = 1024  # of a batch of outputs that are looked at
TARGETS = 4096  # kept for the trivial answer of a regression

Array = NDArray[Any]


class Objective:
    """Gathers the fact `objective`."""

    def __init__(self) -> None:
        self.criterion = Criterion(name=BY_HAND)
        self.weighted = False  # by class or by sample
        self.complete = False  # the targets of all rows were counted
        self._looks = 0
        self._shares = np.zeros(3)
        self._range = [float("inf"), float("-inf")]
        self._shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
        self._targets: list[Array] = []
        self._kept = 0
        self._counts: dict[int, int] = {}
        self._bits = False
        self._columns = 1

    @property
    def task(self) -> str:
        """`classification`, `binary`, `multilabel`, `regression` or `other`."""
        if self.criterion.task != "binary":
            return self.criterion.task
        if self._kept and not self._bits:
            return "regression"
        return "multilabel" if self._columns > 1 else "binary"

    def outputs(self, outputs: Array, targets: Array) -> dict[str, float]:
        """Take in outputs as the loss receives them; their signals."""
        self._shapes = (outputs.shape, targets.shape)
        self._columns = int(np.prod(outputs.shape[1:]))
        some = outputs[:ROWS].astype(np.float32)
        if not some.size:
            return {}
        low, high = float(some.min()), float(some.max())
        self._range = [min(self._range[0], low), max(self._range[1], high)]
        self._shares += _shares(some)
        self._looks += 1
        return {"output_min": low, "output_max": high}

    def targets(self, targets: Array) -> dict[str, float]:
        """Take in some targets; their signals, where they are numbers."""
        if not targets.size or targets.dtype.kind not in "iufb":
            return {}
        some = targets
        if self.criterion.task == "classification":
            told = labels(self.criterion, targets, None)
            some = np.zeros(0) if told is None else told
        some = some.reshape(-1)[:TARGETS].astype(np.float64)
        if self._kept < TARGETS and len(some):
            self._targets.append(some)
            self._kept += len(some)
            self._bits = bool(np.isin(some, (0, 1)).all())
        if self.criterion.task != "regression" or not len(some):
            return {}
        return {"target_mean": float(some.mean()), "target_std": float(some.std())}

    def count(self, counts: dict[int, int]) -> None:
        """So many more samples of each class were seen."""
        if not self.complete:
            for label, number in counts.items():
                self._counts[label] = self._counts.get(label, 0) + number

    def count_all(self, targets: Array) -> None:
        """The targets of all rows of the training."""
        if self.criterion.task in ("classification", "binary"):
            told = labels(self.criterion, targets, None)
            if told is not None and len(told):
                values, numbers = np.unique(told, return_counts=True)
                pairs = zip(values.tolist(), numbers.tolist(), strict=True)
                self.count(dict(pairs))
                self.complete = True

    def fact(self, output_shape: Any = None) -> dict[str, Any] | None:
        """The fact `objective`, as far as it is known by now."""
        name = self.criterion.name
        if name == BY_HAND and not self._looks:
            return None
        targets = np.concatenate(self._targets) if self._targets else np.zeros(0)
        fact = {
            "criterion": name,
            "task": self.task,
            "reduction": self.criterion.reduction,
            "weighted": self.weighted,
            "label_smoothing": self.criterion.label_smoothing,
            "targets": _moments(targets) | {"counts": self._named()},
            "trivial": self._trivial(targets),
        }
        shapes = self._shapes
        if shapes is not None:
            fact["output_shape"], fact["target_shape"] = map(list, shapes)
            fact["broadcast"] = self.task == "regression" and _broadcast(*shapes)
            output_shape = shapes[0]
        fact["classes"] = self._classes(output_shape)
        if self._looks:
            sums, inside, nonpositive = (self._shares / self._looks).tolist()
            fact["outputs"] = {
                "min": self._range[0],
                "max": self._range[1],
                "rows_sum_to_one": sums,
                "within_unit": inside,
                "nonpositive": nonpositive,
            }
        return fact

    def _classes(self, shape: Any) -> int | None:
        if self.task == "classification" and shape is not None and len(shape) > 1:
            return None if shape[-1] is None else int(shape[-1])
        return 2 if self.task == "binary" else None

    def _named(self) -> dict[str, int]:
        return {str(label): self._counts[label] for label in sorted(self._counts)}

    def _trivial(self, targets: Array) -> dict[str, float]:
        """The scores of always answering with the class shares, or the mean."""
        if self.task in ("classification", "binary", "multilabel") and self._counts:
            numbers = np.array(list(self._counts.values()), dtype=np.float64)
            shares = numbers[numbers > 0] / numbers.sum()
            entropy = float(-(shares * np.log(shares)).sum())
            plain = (
                "cross" in self.criterion.name and "focal" not in self.criterion.name
            )
            loss = {"loss": entropy} if plain and not self.weighted else {}
            return loss | {"accuracy": float(shares.max())}
        if self.task != "regression" or not len(targets):
            return {}
        away = targets - targets.mean()
        middle = np.abs(targets - np.median(targets))
        squared, absolute = float((away**2).mean()), float(np.abs(away).mean())
        found = {"mae": absolute, "rmse": squared**0.5}
        if self.criterion.name == "mse_loss":
            found["loss"] = squared
        elif self.criterion.name == "l1_loss":
            found["loss"] = float(middle.mean())
        elif self.criterion.name == "huber_loss":
            delta = float(self.criterion.options.get("delta", 1.0))
            linear = delta * (middle - delta / 2)
            found["loss"] = float(
                np.where(middle <= delta, middle**2 / 2, linear).mean()
            )
        return found


def _shares(outputs: Array) -> Array:
    """Shares of rows that sum to one, of values in [0, 1], and of values ≤ 0."""
    inside = (outputs >= 0) & (outputs <= 1)
    sums = 0.0
    if outputs.ndim > 1 and outputs.shape[-1] > 1:
        whole = np.abs(outputs.sum(-1) - 1) < 1e-3
        sums = float((whole & inside.all(-1)).mean())
    return np.array([sums, inside.mean(), (outputs <= 0).mean()])


def _moments(targets: Array) -> dict[str, Any]:
    if not len(targets):
        return {}
    return {
        "min": float(targets.min()),
        "max": float(targets.max()),
        "mean": float(targets.mean()),
        "std": float(targets.std()),
        "integer": bool((targets == np.round(targets)).all()),
    }


def _broadcast(outputs: tuple[int, ...], targets: tuple[int, ...]) -> bool:
    """Keras adds or takes away a last dimension of 1; any other is broadcast."""
    if len(outputs) == len(targets) + 1 and outputs[-1] == 1:
        outputs = outputs[:-1]
    elif len(targets) == len(outputs) + 1 and targets[-1] == 1:
        targets = targets[:-1]
    return outputs != targets
