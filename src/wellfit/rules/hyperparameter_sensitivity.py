"""hyperparameter-sensitivity"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import curves
from wellfit.rules.attempts import Attempt, Sweep, noise_of
from wellfit.rules.axes import axes_of
from wellfit.rules.sweep_rule import SweepRule
from wellfit.rules.sweeps import sweep_of
from wellfit.rules.variations import Value


class Cliff(NamedTuple):
    """A neighbour of the best setting that is far worse."""

    name: str
    best: list[Attempt]  # its seeds
    beside: list[Attempt]
    fall: float  # of skill, the means of their seeds
    error: float
    freedom: int


@dataclass(frozen=True, kw_only=True, slots=True)
class HyperparameterSensitivity(SweepRule):
    """The best setting stands at a cliff: a little more of one thing, and it fails.

    ## What it looks at
    The best setting of a sweep, and those that differ from it in one number alone, by a
    factor of `tiny` at most. Whether the score falls there by `share` of all that was
    learnt, and by more than seeds, folds or the roughness of the curve explain.

    ## Why it hurts
    Other data, another batch size, another seed move the cliff, and the setting fails
    that was best. What is tuned so finely is not found again.

    ## Example
    >>> runs = [Run.of({"val/accuracy": [0.5, end + 0.01 * seed]},
    ...                facts={"hyperparameters": {"lr": lr}, "seeds": {"torch": seed}})
    ...         for lr, end in [(0.05, 0.85), (0.1, 0.95), (0.13, 0.2)]
    ...         for seed in range(3)]
    >>> print(HyperparameterSensitivity().check(runs).summary)
    lr 0.13 instead of 0.1, 1.3 times, takes val/accuracy from 0.96 to 0.21; seeds alone
    move it by 0.01

    ## How it is told from its look-alikes
    Every rate has an end above which training fails; it matters where the best setting
    stands beside it. A failure by chance is `seed-sensitivity`: repeats with other
    seeds tell the two apart, and without any a sweep must be dense. A fall over a
    factor of ten is what a search is for.

    ## What helps
    `lower-learning-rate`, away from the cliff, at hardly any cost; `warm-up` and
    `clip-gradients`, which move it; `switch-optimizer` and `insert-normalization`,
    which flatten it.

    ## When it is wrong
    A hyperparameter that counts something: 2 layers instead of 3.

    ## References
    Wilson et al. (2017), The marginal value of adaptive gradient methods. Cohen et al.
    (2021), Gradient descent occurs at the edge of stability. Godbole et al. (2023),
    Deep learning tuning playbook.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = (
        "lower-learning-rate",
        "warm-up",
        "clip-gradients",
        "switch-optimizer",
        "insert-normalization",
    )
    alone: ClassVar = True

    tiny: float = 1.5  # a factor: searches go by 2, 3 or 10 (Godbole et al., 2023)
    share: float = 0.25  # of all that was learnt, lost by it. A parabola that reaches
    # from 1 to 0 over two decades loses 0.03
    level: float = 0.01  # of all neighbours together: 0 false alarms on 1000 sweeps of
    # noise and on 1000 smooth hills; 996 of 1000 cliffs are found (bench/sweeps.py)
    dense: int = 8  # values in a row that show their own roughness, without repeats

    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """A finding where the best setting has a bad one right beside it."""
        sweep = sweep_of(runs)
        if sweep is None:
            return NotChecked(
                reason="neither a search nor runs with a validation score in common"
            )
        beside = list(self._beside(sweep))
        if not beside:
            return NotChecked(
                reason="no two attempts differ in one number alone, by a factor below "
                f"{self.tiny:g}, of which one is the best"
            )
        known = [cliff for cliff in beside if cliff.freedom > 1]
        if not known:
            return NotChecked(
                reason="what seeds alone make of the score is not known: repeat the "
                "best setting with two more seeds"
            )
        found = [c for c in known if self._is_steep(c, len(known))]
        if not found:
            return None
        return self._found(sweep, max(found, key=lambda c: c.fall))

    def _is_steep(self, cliff: Cliff, pairs: int) -> bool:
        from scipy.stats import t

        limit = float(t.ppf(1 - self.level / pairs, cliff.freedom))
        best = max(_mean(cliff.best), 0.0)
        return cliff.fall > self.share * best and cliff.fall > limit * cliff.error

    def _beside(self, sweep: Sweep) -> Iterator[Cliff]:
        """The neighbours of the best setting."""
        groups = sweep.groups()
        best = max(groups, key=lambda key: _mean(groups[key]))
        numeric = {axis.name for axis in axes_of(sweep)}
        for place, name in enumerate(sweep.names):
            others = {k: g for k, g in groups.items() if _alike(k, best, place)}
            noise = noise_of(sweep) or self._roughness(others, place)
            for key, group in others.items():
                if name not in numeric or not self._is_near(key[place], best[place]):
                    continue
                spread, freedom = noise if noise is not None else (0.0, 0)
                yield Cliff(
                    name=name,
                    best=groups[best],
                    beside=group,
                    fall=_mean(groups[best]) - _mean(group),
                    error=spread * (1 / len(groups[best]) + 1 / len(group)) ** 0.5,
                    freedom=freedom,
                )

    def _is_near(self, one: object, other: object) -> bool:
        if not isinstance(one, float) or not isinstance(other, float):
            return False
        low, high = sorted((abs(one), abs(other)))
        return one * other > 0 and low < high <= self.tiny * low

    def _roughness(
        self, groups: Mapping[tuple[Value | None, ...], list[Attempt]], place: int
    ) -> tuple[float, int] | None:
        """The noise along one hyperparameter, without repeats."""
        if len(groups) < self.dense or any(isinstance(k[place], str) for k in groups):
            return None
        ordered = sorted(groups, key=lambda key: float(key[place] or 0.0))
        skills = np.array([_mean(groups[key]) for key in ordered])
        return curves.noise(skills), len(skills) - 2

    def _found(self, sweep: Sweep, cliff: Cliff) -> Finding:
        there, here = (
            float(group[0].settings[cliff.name]) for group in (cliff.beside, cliff.best)
        )
        factor = max(there / here, here / there)
        noise = noise_of(sweep)
        chance = sweep.unit * (noise[0] if noise else cliff.error / 2**0.5)
        failed = min(cliff.beside, key=lambda a: a.skill)
        return self.finding(
            f"{cliff.name} {there:.3g} instead of {here:.3g}, {factor:.2g} times, "
            f"takes val/{sweep.metric} from {_score(cliff.best):.3g} to "
            f"{_score(cliff.beside):.3g}; seeds alone move it by {chance:.2g}",
            confidence=0.85 if cliff.fall > 2 * self.share * _mean(cliff.best) else 0.7,
            where=[cliff.name],
            evidence=[
                sweep.evidence(cliff.best[0], "the best setting"),
                sweep.evidence(failed, "the setting beside it"),
            ],
        )


def _alike(key: tuple[object, ...], other: tuple[object, ...], but: int) -> bool:
    """Whether two settings are the same but for one thing."""
    return key[:but] == other[:but] and key[but + 1 :] == other[but + 1 :]


def _mean(group: Sequence[Attempt]) -> float:
    return float(np.mean([a.skill for a in group]))


def _score(group: Sequence[Attempt]) -> float:
    return float(np.mean([a.score for a in group]))
