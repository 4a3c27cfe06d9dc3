"""The loss of each batch, from the mean of all batches since the epoch began.

Under `fit` Keras tells after each batch only that mean. Its differences are the losses
of the batches, but for rounding: of the thousandth, about one part in ten thousand.
"""

from typing import Any

from wellfit.taps.keras.backend import Backend, number_in


class Running:
    """Takes a running mean apart. `weigh` finds out what its weights are."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tracker: Any = None
        self._raw = self._by_rows = False
        self._mean = self._weight = 0.0

    def reset(self) -> None:
        """An epoch begins: the mean starts anew."""
        self._mean = self._weight = 0.0

    def weigh(self, model: Any) -> None:
        """After the first batch: which of the model's means the loss is, if any."""
        named = [m for m in model.metrics if m.name == "loss"]
        own = getattr(model, "_loss_tracker", None)
        trackers = [m for m in (own, *named) if hasattr(m, "count")]
        counted = [m for m in trackers if number_in(m.count, self._backend) > 0]
        self._tracker, self._raw = next(iter(counted), None), not counted
        step = type(model).train_step  # Keras's own counts each row once
        self._by_rows = step.__module__.startswith("keras.")

    def part(self, mean: float, rows: int | None) -> float:
        """The loss of the latest batch, of so many rows where they are known."""
        if self._raw or self._tracker is None:
            return mean
        before, weight = self._mean, self._weight
        if rows is not None and self._by_rows:
            total = weight + rows
        else:
            total = number_in(self._tracker.count, self._backend)
        self._mean, self._weight = mean, total
        if total <= weight:
            return mean
        return (mean * total - before * weight) / (total - weight)
