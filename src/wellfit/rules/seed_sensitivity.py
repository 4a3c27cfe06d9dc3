"""seed-sensitivity"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.attempts import Attempt, Sweep, pooled, told
from wellfit.rules.sweep_rule import SweepRule
from wellfit.rules.sweeps import sweep_of


class Spread(NamedTuple):
    """The standard deviation over seeds, its 95 % interval, and what is no chance."""

    value: float
    low: float
    high: float
    beyond: float  # the least of it that the evaluation's own error does not explain


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedSensitivity(SweepRule):
    """Runs that differ in nothing but the seed end far apart.

    ## What it looks at
    The validation score of runs with the same hyperparameters and different seeds, of
    the best setting that was run with `seeds` of them. Their standard deviation, with
    its interval, less what evaluating on so many rows would give by itself, against
    all that was learnt: the way from guessing to the best of these runs.

    ## Why it hurts
    A result that another seed would not repeat is luck. Whatever is compared by single
    runs, settings, models, remedies, is then compared by luck as well.

    ## Example
    >>> runs = [Run.of({"val/accuracy": [0.5, end]}, facts={"seeds": {"torch": seed}})
    ...         for seed, end in enumerate([0.93, 0.55, 0.9, 0.5, 0.94])]
    >>> print(SeedSensitivity().check(runs).summary)
    val/accuracy ends anywhere from 0.5 to 0.94 over 5 seeds: a standard deviation of
    0.22 (0.13 to 0.63), where evaluation alone gives 0.038

    ## How it is told from its look-alikes
    A score of few rows scatters by itself: a share of n rows has a binomial error,
    which is taken off. It is too much rather than too little, for runs that are scored
    on the same rows err together. Where the score hangs on a setting, not on the seed,
    `hyperparameter-sensitivity` says so. That settings differ less than seeds do is a
    note: the settings may simply not matter.

    ## What helps
    `lower-learning-rate`, `warm-up` and `resize-batch` where single runs fail or leap;
    `bag-models` to average the luck out. `fix-seeds` repeats one result and proves
    nothing; report the mean of several.

    ## When it is wrong
    Runs that differ in something that no fact tells: the data, or the code.

    ## References
    Bouthillier et al. (2021), Accounting for variance in machine learning benchmarks.
    Jordan (2023), On the variance of neural network training with respect to test sets
    and distributions. Mosbach et al. (2021), On the stability of fine-tuning BERT.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = (
        "lower-learning-rate",
        "warm-up",
        "resize-batch",
        "bag-models",
        "fix-seeds",
    )

    share: float = 0.05  # of all that was learnt, as a standard deviation, at the lower
    # end of its interval. Networks that train well have 0.002 to 0.02 (Bouthillier et
    # al., 2021, figure 1); fine-tuning that fails now and then 0.1 and more (Mosbach)
    seeds: int = (
        3  # two have an interval that reaches from 0.4 to 32 times their spread
    )
    level: float = 0.05  # of the interval: noise alone is taken for more in 1 of 40
    # sweeps; with `share`, in 0 of 1000, where a deviation of a third of the score is
    # found in 927, over 3 to 10 seeds (bench/sweeps.py)

    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """A finding where seeds alone make a great difference."""
        sweep = sweep_of(runs) if len(runs) > 1 else None
        if sweep is None:
            return NotChecked(
                reason="fewer than 2 runs with a validation score in "
                "common, on a scale that is known"
            )
        repeated = [g for g in sweep.groups().values() if len(g) >= self.seeds]
        if not repeated:
            most = max(len(g) for g in sweep.groups().values())
            return NotChecked(
                reason=f"{self.seeds} runs that differ in the seed alone are needed; "
                f"of no setting were there more than {most}"
            )
        group = max(repeated, key=lambda g: np.mean([a.skill for a in g]))
        spread = self._spread(group)
        learnt = max(a.skill for a in group)
        if spread.beyond < self.share * learnt or learnt <= 0:
            return self._blurred(sweep)
        return self.finding(
            _said(sweep, group, spread),
            confidence=0.9 if spread.beyond > 2 * self.share * learnt else 0.75,
            evidence=_evidence(sweep, group),
        )

    def _spread(self, group: Sequence[Attempt]) -> Spread:
        from scipy.stats import chi2

        freedom = len(group) - 1
        value = float(np.std([a.skill for a in group], ddof=1))
        low, high = (
            value * sqrt(freedom / chi2.ppf(tail, freedom))
            for tail in (1 - self.level / 2, self.level / 2)
        )
        chance = _chance(group)
        return Spread(value, low, high, sqrt(max(low**2 - chance**2, 0.0)))

    def _blurred(self, sweep: Sweep) -> Finding | None:
        """A note, where settings were compared that differ less than their seeds."""
        groups = [g for g in sweep.groups().values() if len(g) > 1]
        spread, freedom = pooled(groups)
        if len(groups) < 2 or freedom < 4 or spread == 0:
            return None
        means = sorted(float(np.mean([a.skill for a in g])) for g in groups)
        apart = means[-1] - means[0]
        fewest = min(len(g) for g in groups)
        if apart > 3 * spread * sqrt(2 / fewest):
            return None
        needed = ceil(2 * (3 * spread / max(apart, 0.1 * spread)) ** 2)
        return self.finding(
            f"{len(groups)} settings differ by {apart * sweep.unit:.2g} in "
            f"{sweep.metric} at most, and the seeds of one setting by "
            f"{spread * sweep.unit:.2g}: about {needed} seeds of each would tell them "
            "apart",
            severity=Severity.NOTE,
            confidence=0.7,
            evidence=_evidence(sweep, max(groups, key=len)),
        )


def _chance(group: Sequence[Attempt]) -> float:
    """What evaluating alone makes of the spread."""
    return sqrt(float(np.mean([a.error**2 for a in group])))


def _said(sweep: Sweep, group: Sequence[Attempt], spread: Spread) -> str:
    scores = [a.score for a in group]
    value, low, high = (sweep.unit * part for part in spread[:3])
    said = (
        f"val/{sweep.metric} ends anywhere from {min(scores):.3g} to {max(scores):.3g} "
        f"over {len(group)} seeds: a standard deviation of {value:.2g} ({low:.2g} to "
        f"{high:.2g})"
    )
    chance = sweep.unit * _chance(group)
    return f"{said}, where evaluation alone gives {chance:.2g}" if chance else said


def _evidence(sweep: Sweep, group: Sequence[Attempt]) -> Iterator[Evidence]:
    setting = told(group[0].settings, sweep.names)
    ordered = sorted(group, key=lambda a: a.skill)
    for text, one in (("least", ordered[0]), ("greatest", ordered[-1])):
        seed = f"seed {one.seed}" if one.seed else "a seed that is not known"
        yield Evidence(
            text=f"the {text} val/{sweep.metric}, of {seed}"
            + (f" ({setting})" if setting else ""),
            value=one.score,
        )
    if sweep.failed:
        yield Evidence(text="runs whose score was not finite", value=sweep.failed)
