"""The learning-rate range test: how the loss answers to rates from small to large."""

from dataclasses import dataclass, replace

from wellfit.core.errors import BadSetting
from wellfit.core.rates import (
    GROWTH,
    LOW,
    STEPS,
    goes_on,
    known_of,
    rate_taken,
    smoothed,
)
from wellfit.models.network import Epoch
from wellfit.schedules.decay import Exponential
from wellfit.trainer.engine import fit
from wellfit.trainer.footprint import untouched
from wellfit.trainer.randomness import borrowed
from wellfit.trainer.settings import Limits, Settings, Task


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
    tried = replace(
        how,
        optimizer=replace(how.optimizer, learning_rate=LOW),
        schedule=Exponential(rate=GROWTH),
        limits=Limits(epochs=None, steps=STEPS),
        stopping=None,
        averaging=None,
        evaluate_every=1,
        compile=False,
    )
    seen: list[float] = []

    def told(epoch: Epoch) -> bool:
        seen.append(epoch.metrics["train/loss"])
        return goes_on(seen)

    with borrowed(), untouched(task.network):
        fit(replace(task, validation=None), tried, on_epoch=told, say=lambda _: None)
    rates = [LOW * GROWTH**step for step in range(len(seen))]
    known = known_of(seen)
    return RangeTest(
        rates=tuple(rates[: len(known)]),
        losses=tuple(smoothed(known).tolist()),
        rate=rate_taken(rates, seen),
    )
