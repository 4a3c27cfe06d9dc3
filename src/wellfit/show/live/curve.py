"""A curve in characters: braille, each two dots wide and four high."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Signal

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of U+2800, by row
WIDE = 100.0  # from the least to the greatest: then powers of ten are drawn
SPIKES = 0.02  # of the values, cut off at the top: they would press all else down

Values = NDArray[np.float64]


class Scale(NamedTuple):
    """What the lowest and the highest dot stand for; powers of ten, or the values."""

    low: float
    high: float
    powers: bool = False

    @classmethod
    def of(cls, signals: Sequence[Signal]) -> "Scale":
        """The scale on which the signals can be compared."""
        parts = [signal.finite().values for signal in signals]
        values = np.concatenate([*parts, np.empty(0)])
        if not len(values):
            return cls(0.0, 1.0)
        low, high = float(values.min()), float(np.quantile(values, 1 - SPIKES))
        if low > 0 and high > WIDE * low:
            return cls(float(np.log10(low)), float(np.log10(high)), powers=True)
        return cls(low, high)

    def heights(self, values: Values) -> Values:
        """From 0, the lowest dot, to 1, the highest."""
        if self.powers:
            values = np.log10(np.maximum(values, 10.0**self.low))
        span = self.high - self.low
        return np.clip(
            (values - self.low) / span if span > 0 else values * 0 + 0.5, 0, 1
        )


def curve(
    signal: Signal, last: int, width: int, height: int, scale: Scale
) -> list[str]:
    """The signal over the steps from 0 to `last`, in `height` rows of characters.

    >>> from wellfit.core.run import Run
    >>> rise = Run.of(loss=[0.0, 1.0, 2.0, 3.0]).signal("loss")
    >>> curve(rise, 3, 2, 1, Scale(0.0, 3.0))
    ['⡠⠊']
    """
    cells = np.zeros((height, width), dtype=int)
    binned = scale.heights(_binned(signal, last, 2 * width))
    before: int | None = None
    for place in np.flatnonzero(np.isfinite(binned)):
        level = round(float(binned[place]) * (4 * height - 1))
        for dot in _joined(before, level):
            row, within = divmod(4 * height - 1 - dot, 4)
            cells[row, place // 2] |= DOTS[within][place % 2]
        before = level
    return ["".join(chr(0x2800 + cell) for cell in row) for row in cells]


def _joined(before: int | None, level: int) -> range:
    """The dots of one place, so that the line has no holes."""
    if before is None or before == level:
        return range(level, level + 1)
    return range(before + 1, level + 1) if before < level else range(level, before)


def _binned(signal: Signal, last: int, bins: int) -> Values:
    """The mean of each stretch of steps, and what lies between where it has none."""
    kept = signal.finite()
    sums, counts = np.zeros(bins), np.zeros(bins)
    places = np.minimum(kept.steps * bins // (max(last, 0) + 1), bins - 1)
    np.add.at(sums, places, kept.values)
    np.add.at(counts, places, 1)
    known = np.flatnonzero(counts)
    every = np.arange(bins)
    if not len(known):
        return np.full(bins, np.nan)
    means = np.interp(every, known, sums[known] / counts[known])
    means[(every < known[0]) | (every > known[-1])] = np.nan
    return np.asarray(means)
