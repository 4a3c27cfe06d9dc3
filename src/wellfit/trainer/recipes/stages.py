"""A recipe's stages, one after another, as one schedule of the engine's."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Recipe, Stage
from wellfit.objectives.metrics import METRICS
from wellfit.schedules.composed import Restarts
from wellfit.schedules.composed import Sequence as InTurn
from wellfit.schedules.cycles import Cyclical, OneCycle
from wellfit.schedules.decay import Cosine, Exponential, Linear, Piecewise, StepDecay
from wellfit.schedules.plateau import Plateau
from wellfit.schedules.schedule import Constant, Schedule

# What goes on as it is, however long: it needs no length where it is the last stage.
ENDLESS = frozenset({"constant", "step", "exponential", "piecewise", "plateau"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """Steps of an epoch, and of the training; None where only time will tell."""

    epoch: int
    total: int | None


def lengths_of(recipe: Recipe, *, epoch: int) -> Lengths:
    """Those of a recipe whose epochs have so many steps.

    >>> from wellfit.core.recipe import Data, Loop, Objective
    >>> some = {"data": Data(source="a.csv"), "objective": Objective(name="mse")}
    >>> lengths_of(Recipe(**some, loop=Loop(epochs=3, steps=50)), epoch=10).total
    30
    """
    epochs, steps = recipe.loop.epochs, recipe.loop.steps
    limits = [steps] if steps is not None else []
    limits += [epochs * epoch] if epochs is not None else []
    return Lengths(epoch=epoch, total=min(limits, default=None))


def schedule_of(stages: Sequence[Stage], long: Lengths) -> Schedule:
    """The schedule; `BadSetting` where a stage has no steps, or none can be told."""
    if not stages:
        return Constant()
    steps = _steps(stages, long)
    parts = tuple(
        MAKERS[stage.name](stage, count, long.epoch)
        for stage, count in zip(stages, steps, strict=True)
    )
    if len(parts) == 1:
        return parts[0]
    return InTurn(parts=parts, at=tuple(accumulate(steps[:-1])))


def _steps(stages: Sequence[Stage], long: Lengths) -> list[int]:
    """How many each lasts; those that say nothing share what the others leave."""
    said = [_said(i, stage, long) for i, stage in enumerate(stages)]
    if long.total is None:
        return [
            _endless(i, stages) if count is None else count
            for i, count in enumerate(said)
        ]
    left, steps = long.total - sum(filter(None, said)), list[int]()
    for i, count in enumerate(said):
        steps.append(left // said[i:].count(None) if count is None else count)
        left -= steps[i] if count is None else 0
        if steps[i] < 1:
            raise BadSetting(
                f"schedule.{i}: no steps are left for {stages[i].name}: the other "
                f"stages take all {long.total:,} of the training"
            )
    return steps


def _endless(place: int, stages: Sequence[Stage]) -> int:
    """Any number will do for what goes on as it is, where nothing comes after it."""
    if place == len(stages) - 1 and stages[place].name in ENDLESS:
        return 1
    raise _unknown(place, stages[place])


def _said(place: int, stage: Stage, long: Lengths) -> int | None:
    if stage.steps is not None:
        return stage.steps
    if stage.epochs is not None:
        return max(1, round(stage.epochs * long.epoch))
    if stage.share is None:
        return None
    if long.total is None:
        raise _unknown(place, stage)
    return max(1, round(stage.share * long.total))


def _unknown(place: int, stage: Stage) -> BadSetting:
    return BadSetting(
        f"schedule.{place}: how long {stage.name} lasts cannot be told of a training "
        "that only loop.budget ends: give it steps or epochs, or set loop.epochs"
    )


# -- a stage, the steps it has, the steps of an epoch → its schedule ---------------


def _warm_up(stage: Stage, steps: int, _: int) -> Schedule:
    return Linear(steps=steps, start=stage.floor or 0.0, end=1.0)


def _constant(stage: Stage, _: int, __: int) -> Schedule:
    return Constant(value=1.0 if stage.factor is None else stage.factor)


def _step(stage: Stage, _: int, epoch: int) -> Schedule:
    return StepDecay(every=(stage.every or 30) * epoch, rate=stage.factor or 0.1)


def _exponential(stage: Stage, _: int, epoch: int) -> Schedule:
    return Exponential(rate=stage.factor or 0.95, every=epoch)


def _linear(stage: Stage, steps: int, _: int) -> Schedule:
    return Linear(steps=steps, end=stage.floor or 0.0)


def _cosine(stage: Stage, steps: int, _: int) -> Schedule:
    """Half a cosine, or several: the last is over when the stage is."""
    cycles, growth = stage.cycles or 1, stage.growth or 1
    first = math.ceil(steps / sum(growth**i for i in range(cycles)))
    wave = Cosine(steps=first, floor=stage.floor or 0.0)
    return wave if cycles == 1 else Restarts(of=wave, steps=first, growth=growth)


def _piecewise(stage: Stage, _: int, epoch: int) -> Schedule:
    at = tuple(place * epoch for place in stage.at or ())
    return Piecewise(at=at, values=(1.0, *(stage.factors or ())))


def _plateau(stage: Stage, _: int, __: int) -> Schedule:
    usual = Plateau()
    return Plateau(
        metric=f"val/{stage.metric or 'loss'}",
        greater_is_better=greater_is_better(stage.metric),
        rate=stage.factor or usual.rate,
        patience=stage.patience or usual.patience,
        least_gain=usual.least_gain if stage.least_gain is None else stage.least_gain,
        floor=stage.floor or 0.0,
    )


def _cyclical(stage: Stage, steps: int, _: int) -> Schedule:
    half = max(1, steps // (2 * (stage.cycles or 4)))
    return Cyclical(rising=half, low=0.1 if stage.floor is None else stage.floor)


def _one_cycle(stage: Stage, steps: int, _: int) -> Schedule:
    return OneCycle(
        steps=steps,
        rising=stage.rise or 0.3,
        end=stage.floor or 0.0,
        momenta=stage.momenta,
    )


MAKERS: Mapping[str, Callable[[Stage, int, int], Schedule]] = {
    "warm-up": _warm_up,
    "constant": _constant,
    "step": _step,
    "exponential": _exponential,
    "linear": _linear,
    "cosine": _cosine,
    "piecewise": _piecewise,
    "plateau": _plateau,
    "cyclical": _cyclical,
    "one-cycle": _one_cycle,
}


def greater_is_better(metric: str | None) -> bool:
    """The direction of a metric by name; of None, the loss, it is downwards."""
    known = {name: m for of in METRICS.values() for name, m in of.items()}
    return metric is not None and metric != "loss" and known[metric].greater_is_better
