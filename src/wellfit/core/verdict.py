"""What trials say of a plan: how much it helps, with which certainty."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from wellfit.core.plan import Plan


class Outcome(StrEnum):
    """How a plan fares beside the training as it is."""

    BETTER = "better"
    WORSE = "worse"
    NO_EFFECT = "no-effect"  # none that could be told from luck, or too small a one
    FAILED = "failed"  # every run with it did, or there was no time for one pair
    TRIED = "tried"  # in a search: what it seems to do may be luck


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The median improvement over pairs of runs, and an interval around it.

    Positive is better, whichever way the metric goes; infinite where one run of a pair
    failed. The interval holds the median of all pairs there could be with 95 %
    certainty, however often it was looked at.
    """

    median: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """As plain data; what is infinite, or not known yet, is null."""
        bounds = {"median": self.median, "low": self.low, "high": self.high}
        return {n: x if isfinite(x) else None for n, x in bounds.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What came of a plan: pair by pair the metric without it and with it.

    NaN is a run that failed, or whose metric is no number.
    """

    plan: Plan
    outcome: Outcome
    control: tuple[float, ...]
    treated: tuple[float, ...]
    effect: Effect | None

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data, in the form that docs/json.md pins."""
        return {
            "plan": self.plan.to_json(),
            "outcome": self.outcome.value,
            "effect": None if self.effect is None else self.effect.to_json(),
            "trials": len(self.control) + len(self.treated),
        }
