"""The learning-rate range test: how the loss answers to rates from small to large."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import BadSetting
from wellfit.models.network import Epoch
from wellfit.schedules.decay import Exponential
from wellfit.trainer.engine import fit
from wellfit.trainer.footprint import untouched
from wellfit.trainer.randomness import borrowed
from wellfit.trainer.settings import Limits, Settings, Task

STEPS = 100  # of fewer the least loss would be a matter of chance
LOW, HIGH = 1e-6, 10.0
SMOOTH = 0.9  # of the losses until a step count for the smoothed one
OVER = 4.0  # times the least smoothed loss: there the test ends, as fastai's does
# What is taken is so many times less than the rate of the least smoothed loss. On five
# data sets with six networks each, trained to their end by half a cosine, the loss was
# so 1.04 times that of the best of nine rates (median; at most 1.32). At the steepest
# fall, the other usual choice, it was 1.38 (at most 5.7).
BELOW = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeTest:
    """Rates, a step each, the smoothed losses there, and the `rate` that is taken."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    rate: float


def range_test(task: Task, how: Settings) -> RangeTest:
    """Train some steps at rates that grow, and put everything back as it was.

    Smith (2017), Cyclical learning rates for training neural networks, section 3.3. The
    same network, data and settings give the same rate.
    """
    if how.optimizer.name == "lbfgs":
        raise BadSetting(
            "lbfgs finds its steps itself: a range test tells nothing of it"
        )
    growth = (HIGH / LOW) ** (1 / (STEPS - 1))
    tried = replace(
        how,
        optimizer=replace(how.optimizer, learning_rate=LOW),
        schedule=Exponential(rate=growth),
        limits=Limits(epochs=None, steps=STEPS),
        stopping=None,
        averaging=None,
        evaluate_every=1,
        compile=False,
    )
    seen: list[float] = []

    def told(epoch: Epoch) -> bool:
        seen.append(epoch.metrics["train/loss"])
        smooth = smoothed(seen)
        return math.isfinite(seen[-1]) and bool(smooth[-1] <= OVER * smooth.min())

    with borrowed(), untouched(task.network):
        fit(replace(task, validation=None), tried, on_epoch=told, say=lambda _: None)
    return _taken(LOW * growth ** np.arange(len(seen)), seen)


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


def _taken(rates: NDArray[np.float64], losses: Sequence[float]) -> RangeTest:
    known = losses if math.isfinite(losses[-1]) else losses[:-1]
    if not known:
        raise BadSetting(
            f"the first loss of the range test is {losses[0]}: look at the data and at "
            "the network before the rate"
        )
    smooth = smoothed(known)
    return RangeTest(
        rates=tuple(rates[: len(known)].tolist()),
        losses=tuple(smooth.tolist()),
        rate=float(f"{rates[smooth.argmin()] / BELOW:.2g}"),
    )
