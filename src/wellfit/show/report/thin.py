"""Signals made small enough to draw, without losing what the eye looks for."""

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Signal

MANY = 60  # values
RESTLESS = 3.0  # times its range: how far a noisy signal goes up and down in all


def thin(signal: Signal, points: int = 800) -> Signal:
    """At most about `points` values: of each stretch, the least and the greatest.

    The first and the last value stay as well, and of each stretch the first that is
    not finite, so that neither a spike nor a NaN is lost.
    """
    if len(signal) <= points:
        return signal
    stretches = _stretches(len(signal), points // 2)
    values = signal.values[stretches]
    finite = np.isfinite(values)
    picks = [
        np.where(finite, values, np.inf).argmin(axis=1),
        np.where(finite, values, -np.inf).argmax(axis=1),
        finite.argmin(axis=1),  # the first False, or the stretch's own first value
    ]
    broken = ~finite.all(axis=1)
    rows = np.arange(len(stretches))
    kept = [stretches[rows, picks[0]], stretches[rows, picks[1]]]
    kept += [stretches[rows, picks[2]][broken], np.array([0, len(signal) - 1])]
    return _at(signal, np.unique(np.concatenate(kept)))


def noisy(signal: Signal) -> bool:
    """Whether its values are too many to be read one by one, and go up and down."""
    values = signal.finite().values
    if len(values) <= MANY:
        return False
    return bool(np.abs(np.diff(values)).sum() > RESTLESS * np.ptp(values))


def settled(signal: Signal) -> float:
    """Where it stands at the end: the last value, of a noisy one the smoothed last."""
    ended = np.isfinite(signal.last)
    return smooth(signal).last if ended and noisy(signal) else signal.last


def smooth(signal: Signal, points: int = 300) -> Signal:
    """The centred moving average over 3 % of the finite values, taken twice."""
    kept = signal.finite()
    half = max(len(kept) // 66, 2)
    values = _moving_mean(_moving_mean(kept.values, half), half)
    smoothed = Signal(name=signal.name, steps=kept.steps.copy(), values=values)
    even = np.linspace(0, max(len(kept) - 1, 0), min(points, len(kept)))
    return _at(smoothed, np.unique(even.round().astype(np.int64)))


def _stretches(length: int, most: int) -> NDArray[np.int64]:
    size = -(-length // most)
    padded = np.arange(-(-length // size) * size)
    return np.minimum(padded, length - 1).reshape(-1, size)


def _moving_mean(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    mean: NDArray[np.float64] = (sums[high] - sums[low]) / (high - low)
    return mean


def _at(signal: Signal, indices: NDArray[np.int64]) -> Signal:
    return Signal(
        name=signal.name, steps=signal.steps[indices], values=signal.values[indices]
    )
