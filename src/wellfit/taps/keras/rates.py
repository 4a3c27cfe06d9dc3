"""What a Keras optimizer says of itself: its learning rate, and its count."""

from collections.abc import Iterable
from typing import Any

from wellfit.taps.keras.backend import Backend, number_in

BATCHWISE = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
)


def rate_of(optimizer: Any, backend: Backend) -> float | None:
    """The rate at present; None where it cannot be told.

    A schedule is a function of the step: asking for it changes nothing.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    held = getattr(inner, "_learning_rate", None)
    if callable(held) and not _scheduled(held):
        return None  # a function of the user's own: calling it may do anything
    try:
        return number_in(inner.learning_rate, backend)
    except (AttributeError, TypeError, ValueError):
        return None


def _scheduled(held: Any) -> bool:
    return any(c.__name__ == "LearningRateSchedule" for c in type(held).__mro__)


def iterations(optimizer: Any, backend: Backend) -> int:
    """How often the optimizer was applied; 0 where it does not tell."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    counted = getattr(inner, "_iterations", None)
    return 0 if counted is None else int(number_in(counted, backend))


def changed_by_batch(callbacks: Iterable[Any]) -> bool:
    """Whether a callback of the user's own is at work between batches."""
    return any(
        name in vars(kind)
        for callback in callbacks
        for kind in type(callback).__mro__
        if not kind.__module__.startswith("keras.")
        for name in BATCHWISE
    )
