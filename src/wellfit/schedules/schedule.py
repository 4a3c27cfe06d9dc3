"""What every learning-rate schedule is, and the simplest one."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wellfit.core.errors import BadSetting

# What a schedule remembers of the metrics it was told: numbers, None, and states of
# the schedules within it. Empty for all but the plateau and what holds one.
State = tuple[Any, ...]


class Schedule(ABC):
    """From the number of a step, counted from 0, to a factor of the base rate.

    A schedule is a value: what it remembers of metrics is a state that is handed in
    and given back, and that JSON can hold.
    """

    __slots__ = ()

    @abstractmethod
    def factor(self, step: float, state: State = ()) -> float:
        """What the base rate is multiplied with at that step."""

    def momentum(self, step: float) -> float | None:
        """The momentum at that step, of a schedule that moves it too."""
        return None

    def initial(self) -> State:
        """The state before any metric was told."""
        return ()

    def tell(self, state: State, step: float, metrics: Mapping[str, float]) -> State:
        """The state after an evaluation at that step, with its metrics by full name."""
        return state


@dataclass(frozen=True, kw_only=True, slots=True)
class Constant(Schedule):
    """Always the same.

    >>> Constant().factor(1000)
    1.0
    """

    value: float = 1.0

    def factor(self, step: float, state: State = ()) -> float:
        """The same at every step."""
        return self.value


def positive(what: str, value: float) -> None:
    """`BadSetting` for a number of steps, or a rate, that is not above zero."""
    if not value > 0:
        raise BadSetting(f"{what} must be above 0; got {what}={value}")


def state_of(said: Any) -> State:
    """A state as JSON gives it back: its lists as tuples."""
    return tuple(state_of(s) if isinstance(s, list | tuple) else s for s in said)
