"""Whether a plan helps: pairs of runs with and without it, until it is decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan

from wellfit.core.plan import Plan
from wellfit.core.verdict import Outcome, Verdict
from wellfit.trials.effect import against, effect_of, gains_of

LEAST = 3  # pairs that are the same bit for bit: the plan changes nothing
MOST = 30

Try = Callable[[Plan, int], float | None]
Ahead = Callable[[Sequence[tuple[Plan, int]]], None]


def one_by_one(trials: Sequence[tuple[Plan, int]]) -> None:
    """The `Ahead` of whoever runs no trials beside each other."""


def pairs_of(jobs: int) -> int:
    """How many pairs are run at once, where so many runs are beside each other."""
    return max(1, jobs // 2)


def failures(values: Sequence[float]) -> int:
    """How many runs have no number."""
    return sum(map(isnan, values))


@dataclass(kw_only=True, slots=True)
class Proof:
    """One comparison that is fixed before it begins: this plan, on these seeds.

    `least_gain` is the improvement, in the metric's unit, from which on it counts;
    `jobs` runs are beside each other.
    """

    plan: Plan
    greater_is_better: bool
    least_gain: float = 0.0
    jobs: int = 1
    control: list[float] = field(default_factory=list)
    treated: list[float] = field(default_factory=list)

    def run(self, try_: Try, *, ahead: Ahead = one_by_one, most: int = MOST) -> Verdict:
        """Try pair after pair, on seeds 1, 2, 3, …, until it is decided.

        `try_` gives the metric of a plan and a seed, NaN where the run failed, and None
        where there is no more time; `ahead` is told which it will be asked for, and
        where there is room for several pairs, of some that it may not be.
        """
        pairs = pairs_of(self.jobs)
        for seed in range(1, most + 1):
            if seed % pairs == 1 % pairs:
                seeds = range(seed, min(seed + pairs, most + 1))
                ahead([(p, some) for some in seeds for p in (Plan(), self.plan)])
            control = try_(Plan(), seed)
            treated = None if control is None else try_(self.plan, seed)
            if control is None or treated is None:
                break
            self.control.append(control)
            self.treated.append(treated)
            outcome = self.decided()
            if outcome is not None:
                return self.verdict(outcome)
            if self._is_vain(most - seed):
                break
        return self.verdict(Outcome.NO_EFFECT if self.gains else Outcome.FAILED)

    def _is_vain(self, left: int) -> bool:
        """Whether it could not be told from luck, were all that are left to help."""
        wins = sum(gain > 0 for gain in self.gains)
        needed = against(len(self.gains) + left)
        return needed is None or wins + left < needed

    @property
    def gains(self) -> list[float]:
        """The improvement of each pair so far."""
        return gains_of(
            self.control, self.treated, greater_is_better=self.greater_is_better
        )

    def decided(self) -> Outcome | None:
        """The outcome, once the interval leaves no doubt; or nothing changes at all."""
        found = effect_of(self.gains)
        if found is None:
            return None
        reliable = failures(self.treated) <= failures(self.control)
        if found.low > 0 and found.median >= self.least_gain and reliable:
            return Outcome.BETTER
        if found.high < 0:
            return Outcome.WORSE
        nothing = len(self.gains) >= LEAST and not any(self.gains)
        small = self.least_gain > 0 and found.high < self.least_gain
        return Outcome.NO_EFFECT if nothing or small else None

    def verdict(self, outcome: Outcome) -> Verdict:
        """The verdict as it stands."""
        return Verdict(
            plan=self.plan,
            outcome=outcome,
            control=tuple(self.control),
            treated=tuple(self.treated),
            effect=effect_of(self.gains),
        )
