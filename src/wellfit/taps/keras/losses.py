"""Keras's losses, as the criterion and the task that rules know them by."""

from dataclasses import dataclass, field
from typing import Any

CLASSES = {
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "categorical_focal_crossentropy": "categorical_focal_crossentropy",
    "categorical_hinge": "categorical_hinge",
}
BITS = {
    "binary_crossentropy": "binary_cross_entropy_with_logits",
    "binary_focal_crossentropy": "binary_focal_crossentropy",
    "hinge": "hinge",
    "squared_hinge": "squared_hinge",
}
NUMBERS = {
    "mean_squared_error": "mse_loss",
    "mean_absolute_error": "l1_loss",
    "huber": "huber_loss",
    "log_cosh": "log_cosh",
    "mean_absolute_percentage_error": "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error": "mean_squared_logarithmic_error",
    "poisson": "poisson",
}
BY_HAND = "backward"  # as the fact names what no rule knows
OF_PROBABILITIES = {  # what those that take logits are called where they take none
    "cross_entropy": "categorical_crossentropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
}
ACTIVATED = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy_with_logits"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """A loss, as far as its name and settings tell."""

    name: str
    task: str = "other"
    reduction: str = "mean"
    label_smoothing: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def of_logits(self) -> bool:
        """Whether it applies a softmax or a sigmoid itself."""
        return self.name in OF_PROBABILITIES


def criterion_of(loss: Any, *, ends_in: str | None = None) -> Criterion:
    """The criterion of a loss of Keras's own; of another, only that it is another.

    `ends_in` is the model's last activation where the backend would undo it.
    """
    function = getattr(loss, "fn", loss)
    kwargs = getattr(loss, "_fn_kwargs", {})
    name = getattr(function, "__name__", "")
    home = getattr(function, "__module__", None) or ""
    tables = {"classification": CLASSES, "binary": BITS, "regression": NUMBERS}
    task = next((task for task, names in tables.items() if name in names), "other")
    if not home.startswith("keras.") or task == "other":
        return Criterion(name=name if name and home.startswith("keras.") else BY_HAND)
    criterion = tables[task][name]
    logits = kwargs.get("from_logits", getattr(loss, "from_logits", False))
    if ends_in is not None and ACTIVATED.get(ends_in) == criterion:
        logits = False  # TensorFlow takes what entered the activation instead
    if not logits:
        criterion = OF_PROBABILITIES.get(criterion, criterion)
    smoothing = kwargs.get("label_smoothing", getattr(loss, "label_smoothing", 0.0))
    return Criterion(
        name=criterion,
        task=task,
        reduction="sum" if getattr(loss, "reduction", None) == "sum" else "mean",
        label_smoothing=float(smoothing or 0.0),
        options={k: v for k, v in kwargs.items() if k in ("delta", "ignore_class")},
    )
