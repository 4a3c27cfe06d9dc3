"""The schedule that falls where a metric no longer improves."""

from collections.abc import Mapping
from dataclasses import dataclass

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.schedules.schedule import Schedule, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Plateau(Schedule):
    """Multiplied by `rate` after more than `patience` evaluations without a gain.

    A gain is more than `least_gain` of the best value so far. After a fall, `cooldown`
    evaluations are not counted; the factor never falls below `floor`.

    >>> schedule = Plateau(rate=0.5, patience=1)
    >>> state = schedule.initial()
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     state = schedule.tell(state, 0, {"val/loss": loss})
    >>> schedule.factor(0, state)
    0.5
    """

    metric: str = "val/loss"
    greater_is_better: bool = False
    rate: float = 0.1
    patience: int = 10
    least_gain: float = 1e-4
    cooldown: int = 0
    floor: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1:
            raise BadSetting(f"rate must be between 0 and 1; got rate={self.rate}")

    def initial(self) -> State:
        """The best value so far, evaluations without a gain, cooling, the factor."""
        return (None, 0, 0, 1.0)

    def factor(self, step: float, state: State = ()) -> float:
        """What the falls until now have left."""
        return float(state[3]) if state else 1.0

    def tell(self, state: State, step: float, metrics: Mapping[str, float]) -> State:
        """Count an evaluation, and fall where it is one too many."""
        if self.metric not in metrics:
            raise UnknownName("metric", self.metric, among=metrics)
        best, bad, cooling, factor = state
        value = metrics[self.metric]
        if self._better(value, best):
            best, bad = value, 0
        else:
            bad += 1
        if cooling:
            cooling, bad = cooling - 1, 0
        if bad > self.patience:
            return (best, 0, self.cooldown, max(factor * self.rate, self.floor))
        return (best, bad, cooling, factor)

    def _better(self, value: float, best: float | None) -> bool:
        if best is None:
            return True
        gain = value - best if self.greater_is_better else best - value
        return gain > self.least_gain * abs(best)
