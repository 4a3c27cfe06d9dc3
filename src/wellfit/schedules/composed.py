"""Schedules made of schedules."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from wellfit.core.errors import BadSetting
from wellfit.schedules.schedule import Schedule, State, positive


@dataclass(frozen=True, kw_only=True, slots=True)
class WarmUp(Schedule):
    """From `start` up on a straight line in so many `steps`; `then` another schedule.

    >>> from wellfit.schedules.decay import Linear
    >>> schedule = WarmUp(steps=2, then=Linear(steps=2))
    >>> [schedule.factor(step) for step in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    steps: int
    then: Schedule
    start: float = 0.0

    def __post_init__(self) -> None:
        positive("steps", self.steps)

    def initial(self) -> State:
        """That of what comes then."""
        return self.then.initial()

    def factor(self, step: float, state: State = ()) -> float:
        """The line's, or the other's from its own beginning."""
        if step >= self.steps:
            return self.then.factor(step - self.steps, state)
        height = self.start + (1 - self.start) * step / self.steps
        return height * self.then.factor(0, state)

    def momentum(self, step: float) -> float | None:
        """That of what comes then; on the way up, as it begins."""
        return self.then.momentum(max(step - self.steps, 0))

    def tell(self, state: State, step: float, metrics: Mapping[str, float]) -> State:
        """Tell what comes then, once it is reached."""
        if step < self.steps:
            return state
        return self.then.tell(state, step - self.steps, metrics)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence(Schedule):
    """One schedule after another: each begins anew at its own of the steps `at`.

    >>> from wellfit.schedules.schedule import Constant
    >>> halves = Sequence(parts=(Constant(), Constant(value=0.5)), at=(3,))
    >>> [halves.factor(step) for step in range(5)]
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    parts: tuple[Schedule, ...]
    at: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.parts) != len(self.at) + 1:
            raise BadSetting(
                "a sequence needs one schedule more than steps to change at; got "
                f"{len(self.parts)} schedules and {len(self.at)} steps"
            )
        if any(after <= before for before, after in pairwise((0, *self.at))):
            raise BadSetting(f"the steps must rise from above 0; got at={self.at}")

    def initial(self) -> State:
        """Those of the parts."""
        return tuple(part.initial() for part in self.parts)

    def factor(self, step: float, state: State = ()) -> float:
        """That of the part that the step is in."""
        place, since = self._place(step)
        return self.parts[place].factor(step - since, state[place] if state else ())

    def momentum(self, step: float) -> float | None:
        """That of the part that the step is in."""
        place, since = self._place(step)
        return self.parts[place].momentum(step - since)

    def tell(self, state: State, step: float, metrics: Mapping[str, float]) -> State:
        """Tell the part that the step is in."""
        place, since = self._place(step)
        told = self.parts[place].tell(state[place], step - since, metrics)
        return (*state[:place], told, *state[place + 1 :])

    def _place(self, step: float) -> tuple[int, int]:
        place = bisect_right(self.at, step)
        return place, (0, *self.at)[place]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restarts(Schedule):
    """A schedule of so many `steps`, from its beginning again whenever it is over.

    Each cycle is `growth` times as long as the one before, the schedule stretched to
    it, and `rate` times as high. With a cosine within it is SGDR, of Loshchilov and
    Hutter (2017), whose T_0 are the steps and whose T_mult is the growth.

    >>> from wellfit.schedules.decay import Linear
    >>> again = Restarts(of=Linear(steps=2), steps=2, growth=2)
    >>> [again.factor(step) for step in range(7)]
    [1.0, 0.5, 1.0, 0.75, 0.5, 0.25, 1.0]
    """

    of: Schedule
    steps: int
    growth: int = 1
    rate: float = 1.0

    def __post_init__(self) -> None:
        positive("steps", self.steps)
        if self.growth < 1:
            raise BadSetting(f"growth must be at least 1; got growth={self.growth}")

    def initial(self) -> State:
        """That of what is repeated."""
        return self.of.initial()

    def factor(self, step: float, state: State = ()) -> float:
        """The schedule's own, at the place in this cycle."""
        cycle, place = self._place(step)
        return self.rate**cycle * self.of.factor(place, state)

    def momentum(self, step: float) -> float | None:
        """That of what is repeated."""
        return self.of.momentum(self._place(step)[1])

    def tell(self, state: State, step: float, metrics: Mapping[str, float]) -> State:
        """Tell what is repeated."""
        return self.of.tell(state, self._place(step)[1], metrics)

    def _place(self, step: float) -> tuple[int, float]:
        """The cycle, and how far the step is in it as if it were the first one."""
        if self.growth == 1:
            return int(step // self.steps), step % self.steps
        cycle = int(math.log(1 + step / self.steps * (self.growth - 1), self.growth))
        while self._begin(cycle + 1) <= step:  # the logarithm may be off by a little
            cycle += 1
        while self._begin(cycle) > step:
            cycle -= 1
        return cycle, (step - self._begin(cycle)) / self.growth**cycle

    def _begin(self, cycle: int) -> int:
        lengths = int(self.growth**cycle) - 1
        return self.steps * lengths // (self.growth - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Product(Schedule):
    """Several schedules at once, multiplied: a cosine that a plateau lowers, say.

    >>> from wellfit.schedules.schedule import Constant
    >>> Product(parts=(Constant(value=0.5), Constant(value=0.1))).factor(7)
    0.05
    """

    parts: tuple[Schedule, ...]

    def initial(self) -> State:
        """Those of the parts."""
        return tuple(part.initial() for part in self.parts)

    def factor(self, step: float, state: State = ()) -> float:
        """The product of the parts'."""
        states = state or ((),) * len(self.parts)
        both = zip(self.parts, states, strict=True)
        return math.prod(part.factor(step, own) for part, own in both)

    def momentum(self, step: float) -> float | None:
        """That of the first part that has one."""
        own = (part.momentum(step) for part in self.parts)
        return next((m for m in own if m is not None), None)

    def tell(self, state: State, step: float, metrics: Mapping[str, float]) -> State:
        """Tell every part."""
        both = zip(self.parts, state, strict=True)
        return tuple(part.tell(own, step, metrics) for part, own in both)
