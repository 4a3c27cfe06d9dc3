"""Schedules that fall, by step and nothing else."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from wellfit.core.errors import BadSetting
from wellfit.schedules.schedule import Schedule, State, positive


@dataclass(frozen=True, kw_only=True, slots=True)
class StepDecay(Schedule):
    """Multiplied by `rate` once `every` so many steps.

    >>> [StepDecay(every=2, rate=0.5).factor(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    every: int
    rate: float = 0.1

    def __post_init__(self) -> None:
        positive("every", self.every)

    def factor(self, step: float, state: State = ()) -> float:
        """`rate` to the number of periods that are over."""
        return float(self.rate ** (step // self.every))


@dataclass(frozen=True, kw_only=True, slots=True)
class Piecewise(Schedule):
    """Constant between the steps `at`: a value before the first, one after each.

    >>> [Piecewise(at=(2, 3), values=(1, 0.5, 0.1)).factor(step) for step in range(4)]
    [1, 1, 0.5, 0.1]
    """

    at: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.at) + 1:
            raise BadSetting(
                "a piecewise schedule needs one value more than steps to change at; "
                f"got {len(self.values)} values and {len(self.at)} steps"
            )
        if any(after <= before for before, after in pairwise(self.at)):
            raise BadSetting(f"the steps must rise; got at={self.at}")

    def factor(self, step: float, state: State = ()) -> float:
        """The value of the piece that the step is in."""
        return self.values[bisect_right(self.at, step)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Exponential(Schedule):
    """Multiplied by `rate` over each `every` steps, evenly; it rises above a rate of 1.

    >>> Exponential(rate=0.5, every=10).factor(20)
    0.25
    """

    rate: float
    every: int = 1

    def __post_init__(self) -> None:
        positive("rate", self.rate)
        positive("every", self.every)

    def factor(self, step: float, state: State = ()) -> float:
        """`rate` to the number of periods, parts of one among them."""
        return float(self.rate ** (step / self.every))


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear(Schedule):
    """On a straight line from `start` to `end` in so many `steps`, and there it stays.

    >>> [Linear(steps=2).factor(step) for step in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """

    steps: int
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        positive("steps", self.steps)

    def factor(self, step: float, state: State = ()) -> float:
        """A point on the line."""
        return self.start + (self.end - self.start) * min(step / self.steps, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cosine(Schedule):
    """Down half a cosine from 1 to `floor` in so many `steps`, and there it stays.

    Loshchilov and Hutter (2017), SGDR, equation 5.

    >>> [round(Cosine(steps=4).factor(step), 3) for step in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    steps: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        positive("steps", self.steps)

    def factor(self, step: float, state: State = ()) -> float:
        """A point on the half wave."""
        part = min(step / self.steps, 1.0)
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * part)) / 2
