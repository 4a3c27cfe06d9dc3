"""search-overfitting"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.attempts import Attempt, Sweep, Values, noise_of
from wellfit.rules.sweep_rule import SweepRule
from wellfit.rules.sweeps import sweep_of


class Curse(NamedTuple):
    """What the choice of the best adds to its score, in skill."""

    inflation: float
    noise: float  # of one attempt's score
    rivals: int  # attempts that noise alone could have put first
    claimed: float  # the best, above the middle of all


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchOverfitting(SweepRule):
    """The best of many was chosen for its luck: its score is better than it is.

    ## What it looks at
    The scores of all attempts, and the noise of one. What the best is truly worth is
    estimated from all of them together: the more there are near it, and the more alike
    they all are, the more of its lead is luck. Where the best was scored again, on rows
    that the choice did not see, the two scores are compared.

    ## Why it hurts
    The reported score is not what new data will give, and a setting is kept that is no
    better than others.

    ## Example
    >>> from math import sin
    >>> tried = [{"parameters": {"C": c}, "score": 0.8 + 0.04 * sin(7 * c * c)}
    ...          for c in range(40)]
    >>> folds = {f"val/score@fold{f}": [0.8 + 0.09 * sin(7 * c * c) * (f == c % 3)
    ...                                 + 0.05 * sin(5 * c * c + 2 * f)
    ...                                 for c in range(40)] for f in range(3)}
    >>> run = Run.of(folds, facts={"search": {"metric": "accuracy", "best": 4,
    ...                                       "candidates": tried}})
    >>> print(SearchOverfitting().check([run]).summary)
    of 40 attempts the best has accuracy 0.84, of which about 0.036 is the luck of the
    choice: 40 are within the noise of 0.03, and 0.804 is what to expect

    ## How it is told from its look-alikes
    A best that stands out from its rivals by more than noise is better. Models that all
    score the same are no fault, and choosing among few of them adds little: from two
    rivals on the best of n is about 0.6, of 10 about 1.5, of 100 about 2.5 standard
    errors too good. That a model is better on rows it was fitted on is `overfitting`. A
    gap to later rows that the choice cannot explain is said as a note: the folds may
    leak, or the later rows differ.

    ## What helps
    Score the chosen one on rows that no choice has seen, or by nested cross-validation.
    `bag-models` over the best few; `tune-hyperparameters` with more folds, repeats or
    rows and fewer attempts; the simplest of the rivals.

    ## When it is wrong
    Scores of runs on the same rows err together: their noise is then less than a share
    of so many rows would have.

    ## References
    Cawley and Talbot (2010), On over-fitting in model selection and subsequent
    selection bias in performance evaluation. Efron (2011), Tweedie's formula and
    selection bias. Jiang and Zhang (2009), General maximum likelihood empirical Bayes
    estimation of normal means.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = ("bag-models", "tune-hyperparameters")
    alone: ClassVar = True

    attempts: int = 8  # the best of fewer is too good by 1.3 standard errors at most
    reach: float = 4.0  # standard errors below the best: what is lower is no rival
    share: float = 0.02  # of skill, that the score is too good by: two correct of a
    # hundred
    most: float = 0.6  # of what the best is above the middle of all attempts, that is
    # luck. Where settings move the score by two standard errors or more it speaks on 4
    # of 1000 simulated searches; where they do nothing, on 761 (bench/sweeps.py)
    sigmas: float = 3.0  # of both scores: a gap beyond is no chance

    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """A finding where luck has made the best."""
        sweep = sweep_of(runs)
        if sweep is None or not sweep.names:
            return NotChecked(
                reason="neither a search nor runs that differ in their hyperparameters"
            )
        if len(sweep.attempts) < self.attempts:
            return NotChecked(
                reason=f"{len(sweep.attempts)} attempts: of fewer than {self.attempts} "
                "the choice adds little"
            )
        curse = self._curse(sweep)
        if curse is None:
            return NotChecked(
                reason="how far chance moves a score is not known: neither folds nor "
                "repeats nor the number of validation rows were seen"
            )
        if sweep.best.test is not None:
            return self._tested(sweep, sweep.best, curse)
        if curse.inflation < self.share:
            return None
        lucky = curse.inflation >= self.most * curse.claimed
        return self.finding(
            _said(sweep, curse),
            severity=self.severity if lucky else Severity.NOTE,
            confidence=0.75 if lucky else 0.6,
            evidence=_evidence(sweep, curse),
        )

    def _curse(self, sweep: Sweep) -> Curse | None:
        """How much of the best is luck; None where noise is not known."""
        noise = _noise(sweep)
        if noise is None:
            return None
        skills = sweep.skills
        top = float(skills.max())
        return Curse(
            inflation=top - expected(skills, noise) if noise > 0 else 0.0,
            noise=noise,
            rivals=int(np.sum(skills >= top - self.reach * noise)),
            claimed=top - float(np.median(skills)),
        )

    def _tested(self, sweep: Sweep, best: Attempt, curse: Curse) -> Finding | None:
        """The best was scored again: what was lost, and does choosing explain it."""
        assert best.test is not None
        gap, error = best.skill - best.test, hypot(best.error, best.test_error)
        if gap < max(self.share, self.sigmas * error):
            return None
        explained = curse.inflation > gap / 3
        later = best.score - _sign(sweep) * gap * sweep.unit
        return self.finding(
            f"of {len(sweep.attempts)} attempts the best has {sweep.metric} "
            f"{best.score:.3g}, and {later:.3g} on rows that the choice did not see; "
            f"its luck among {curse.rivals} rivals explains "
            f"{curse.inflation * sweep.unit:.2g} of it",
            severity=self.severity if explained else Severity.NOTE,
            confidence=0.85 if explained else 0.5,
            evidence=_evidence(sweep, curse),
        )


def expected(skills: Values, noise: float) -> float:
    """What the one with the best score is truly worth, given the scores of all.

    The mean of its posterior, where the prior is what fits all scores best: the
    nonparametric maximum likelihood of Kiefer and Wolfowitz (1956), on a grid, by EM
    from the normal distribution whose variance is what the scores' has beyond noise.
    """
    grid = np.linspace(skills.min(), skills.max(), 60)
    likely = np.exp(-0.5 * ((skills[:, None] - grid) / noise) ** 2) + 1e-300
    beyond = sqrt(max(float(np.var(skills)) - noise**2, float(grid[1] - grid[0]) ** 2))
    prior = np.exp(-0.5 * ((grid - skills.mean()) / beyond) ** 2) + 1e-9
    for _ in range(50):
        joint = likely * prior
        prior = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    best = likely[int(np.argmax(skills))] * prior
    return float(grid @ best / best.sum())


def _noise(sweep: Sweep) -> float | None:
    """The standard error of one score; None where nothing tells."""
    known = noise_of(sweep, rows_shared=False)
    if known is not None:
        return known[0]
    order = np.argsort(-sweep.skills)[: max(4, len(sweep.attempts) // 2)]
    errors = [sweep.attempts[i].error for i in order]
    return float(np.median(errors)) if min(errors) > 0 else None


def _said(sweep: Sweep, curse: Curse) -> str:
    luck, noise = curse.inflation * sweep.unit, curse.noise * sweep.unit
    return (
        f"of {len(sweep.attempts)} attempts the best has {sweep.metric} "
        f"{sweep.best.score:.3g}, of which about {luck:.2g} is the luck of the choice: "
        f"{curse.rivals} are within the noise of {noise:.2g}, and "
        f"{sweep.best.score - _sign(sweep) * luck:.3g} is what to expect"
    )


def _sign(sweep: Sweep) -> int:
    """1 where greater scores are better."""
    worst = sweep.attempts[int(np.argmin(sweep.skills))]
    return 1 if sweep.best.score >= worst.score else -1


def _evidence(sweep: Sweep, curse: Curse) -> Iterator[Evidence]:
    yield sweep.evidence(sweep.best, f"{sweep.metric} of the best attempt")
    yield Evidence(
        text=f"standard error of one attempt's {sweep.metric}",
        value=curse.noise * sweep.unit,
    )
    yield Evidence(
        text="attempts that noise alone could have put first", value=curse.rivals
    )
