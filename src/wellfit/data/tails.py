"""How heavy the tails of numbers are, by quantiles, which no single value moves."""

import numpy as np
from numpy.typing import NDArray

NORMAL = 3.82  # the middle 99 % of a normal distribution over its middle half
HEAVY = 2.0  # times that: the tails of Student's t with 3 degrees of freedom
LEAST = 100  # values, for a hundredth of them to be told


def tail_weight(values: NDArray[np.float64]) -> float | None:
    """How many times as wide the middle 99 % is, against a normal distribution's.

    Both by the width of the middle half: 1 is normal, 1.7 Laplace's, 2 heavy. None of
    too few values, and where half of them are the same.

    >>> round(tail_weight(np.sinh(np.linspace(-4, 4, 999))), 1)
    1.9
    """
    known = values[~np.isnan(values)]
    if len(known) < LEAST:
        return None
    lowest, low, high, highest = np.quantile(known, [0.005, 0.25, 0.75, 0.995])
    half = float(high - low)
    return float(highest - lowest) / half / NORMAL if half > 0 else None
