"""Schedules that rise and fall."""

import math
from dataclasses import dataclass

from wellfit.core.errors import BadSetting
from wellfit.schedules.schedule import Schedule, State, positive


@dataclass(frozen=True, kw_only=True, slots=True)
class Cyclical(Schedule):
    """Between `low` and 1, up and down on straight lines, again and again.

    The height is multiplied by `cycle_rate` after each cycle and by `step_rate` after
    each step: 0.5 and 1 are the triangular2 policy, 1 and 0.9999 say exp_range, of
    Smith (2017), Cyclical learning rates for training neural networks.

    >>> [Cyclical(rising=2, low=0.5).factor(step) for step in range(5)]
    [0.5, 0.75, 1.0, 0.75, 0.5]
    """

    rising: int
    falling: int | None = None  # as many as rising
    low: float = 0.1
    cycle_rate: float = 1.0
    step_rate: float = 1.0

    def __post_init__(self) -> None:
        positive("rising", self.rising)
        positive("falling", self._falling)

    @property
    def _falling(self) -> int:
        return self.rising if self.falling is None else self.falling

    def factor(self, step: float, state: State = ()) -> float:
        """A point on the saw's edge."""
        cycle, place = divmod(step, self.rising + self._falling)
        if place <= self.rising:
            height = place / self.rising
        else:
            height = 1 - (place - self.rising) / self._falling
        shrunk = float(self.cycle_rate**cycle * self.step_rate**step)
        return self.low + (1 - self.low) * height * shrunk


@dataclass(frozen=True, kw_only=True, slots=True)
class OneCycle(Schedule):
    """Up from `start` to 1 in the first part of the steps, then down to `end`.

    Both ways follow half a cosine; so does the momentum, from the second of `momenta`
    to the first and back. Smith and Topin (2018), Super-convergence; the defaults are
    fastai's.

    >>> [round(OneCycle(steps=11).factor(step), 3) for step in (0, 2.3, 10)]
    [0.04, 1.0, 0.0]
    >>> [OneCycle(steps=11, momenta=(0.85, 0.95)).momentum(step) for step in (0, 2.3)]
    [0.95, 0.85]
    """

    steps: int
    rising: float = 0.3  # of the steps
    start: float = 1 / 25
    end: float = 1 / 25 / 1e4
    momenta: tuple[float, float] | None = None  # the least and the greatest

    def __post_init__(self) -> None:
        if self._peak <= 0 or self._peak >= self.steps - 1:
            raise BadSetting(
                "one cycle needs steps to rise and steps to fall; got "
                f"steps={self.steps}, rising={self.rising}"
            )

    @property
    def _peak(self) -> float:
        return self.rising * self.steps - 1

    def factor(self, step: float, state: State = ()) -> float:
        """A point on one of the two half waves."""
        return self._along(step, self.start, 1.0, self.end)

    def momentum(self, step: float) -> float | None:
        """A point on the waves that go the other way."""
        if self.momenta is None:
            return None
        least, greatest = self.momenta
        return self._along(step, greatest, least, greatest)

    def _along(self, step: float, first: float, middle: float, last: float) -> float:
        peak, end = self._peak, self.steps - 1
        if step <= peak:
            return _eased(first, middle, step / peak)
        return _eased(middle, last, min((step - peak) / (end - peak), 1.0))


def _eased(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
