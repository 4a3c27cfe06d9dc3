"""Curves read as statistics reads them: a level with its error, a noise, a fall.

Noise is told from trend by second differences: a straight line has none, whatever its
slope, and their median cares for no spike (Gasser, Sroka and Jennen-Steinmetz, 1986).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Signal

Values = NDArray[np.float64]

NORMAL = 1.4826  # median absolute deviation → standard deviation
MEDIAN_COST = 1.2533  # the median's standard error over the mean's, √(π/2)


class Level(NamedTuple):
    """Where a stretch of a curve lies: its median, and the median's standard error."""

    value: float
    error: float

    def above(self, other: "Level", sigmas: float = 3.0) -> bool:
        """Whether it lies above another by more than noise would put it there."""
        return self.value - other.value > sigmas * float(
            np.hypot(self.error, other.error)
        )


def noise(values: Values) -> float:
    """The standard deviation of the values around their trend; 0 for fewer than 3.

    >>> round(noise(np.array([5.0, 4.0, 3.0, 2.0, 1.0])), 3)
    0.0
    """
    if len(values) < 3:
        return 0.0
    bends = np.diff(values, n=2)
    return float(NORMAL * np.median(np.abs(bends)) / np.sqrt(6))


def level(values: Values) -> Level:
    """The median of the values, and its error from their own noise."""
    error = MEDIAN_COST * noise(values) / np.sqrt(len(values))
    return Level(float(np.median(values)), float(error))


def until_broken(signal: Signal | None) -> Signal | None:
    """The signal up to its first NaN or infinite value; None where nothing is left."""
    if signal is None:
        return None
    broken = np.flatnonzero(~np.isfinite(signal.values))
    stop = int(broken[0]) if len(broken) else len(signal)
    if stop == 0:
        return None
    return Signal(
        name=signal.name, steps=signal.steps[:stop], values=signal.values[:stop]
    )


def start(values: Values) -> Level:
    """The level before anything was learnt: of the first three values.

    Its error is that of one value among the first twenty.
    """
    return Level(float(np.median(values[:3])), noise(values[:20]))


def end(values: Values, share: float = 0.1) -> Level:
    """The level of the last tenth (`share`) of the values, and of at least five."""
    most = max(5, int(np.ceil(share * len(values))))
    return level(values[-most:])


def sections(values: Values, most: int = 20) -> list[Level]:
    """The curve in at most that many stretches of equal length: the level of each."""
    return [level(part) for part in np.array_split(values, min(most, len(values)))]


def falling(values: Values, share: float = 0.5) -> Level:
    """How far the last half (`share`) falls, by a line through it, ± its error.

    The line goes through the medians of at most twenty stretches, so that no spike
    tilts it. A straight fall over the whole curve gives half of its height.
    """
    tail = values[-max(6, int(share * len(values))) :]
    if len(tail) < 6:
        return Level(0.0, 0.0)
    heights = np.array([part.value for part in sections(tail)])
    places = np.linspace(-0.5, 0.5, len(heights))
    slope, middle = np.polyfit(places, heights, 1)
    left = heights - slope * places - middle
    freedom = max(1, len(heights) - 2)
    error = np.sqrt(np.sum(left**2) / freedom / np.sum(places**2))
    return Level(float(-slope), float(error))


def undone(parts: list[Level], sigmas: float = 4.0) -> float:
    """How far the curve went up again in all, beyond its noise.

    From each trough to the next crest: a curve that only falls has 0, one that swings
    the sum of its rises.
    """
    total, trough, crest = 0.0, parts[0], parts[0]
    for part in parts[1:]:
        if part.value > crest.value:
            crest = part
        elif crest.above(part, sigmas) or part.value < trough.value:
            total += _rise(trough, crest, sigmas)
            trough = crest = part
    return total + _rise(trough, crest, sigmas)


def _rise(trough: Level, crest: Level, sigmas: float) -> float:
    return crest.value - trough.value if crest.above(trough, sigmas) else 0.0


class Stretch(NamedTuple):
    """Sections of a curve, from the `first` to the one before `stop`."""

    first: int
    stop: int

    @property
    def sections(self) -> int:
        """How many sections it has."""
        return self.stop - self.first


def flattest(heights: Values, tolerance: float) -> Stretch:
    """The longest stretch in which no two heights differ by more than the tolerance.

    Of several that are as long, the last.
    """
    best = Stretch(0, 0)
    first = 0
    for stop in range(1, len(heights) + 1):
        while np.ptp(heights[first:stop]) > tolerance:
            first += 1
        if stop - first >= best.stop - best.first:
            best = Stretch(first, stop)
    return best
