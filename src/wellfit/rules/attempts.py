"""A sweep as a table: each attempt's settings, its seed, and what it reached.

Attempts are runs, or the candidates of a search that one run holds. What they reached
is on one scale, so that thresholds mean the same everywhere: 0 is guessing, and 1 is
perfect, or of a loss the best of the sweep.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from wellfit.core.finding import Evidence
from wellfit.rules.variations import Settings, Value, varied

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One training under one setting and one seed.

    `skill` is what it reached (0 guessing, 1 perfect) ± `error`, what the evaluation
    alone makes uncertain (0 where that is not known); `score` is the same in units of
    the metric. `folds` are skills by fold; `test` is the skill on rows that the choice
    did not look at, ± `test_error`.
    """

    settings: Settings
    skill: float
    score: float
    error: float = 0.0
    seed: str | None = None
    folds: tuple[float, ...] = ()
    test: float | None = None
    test_error: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Attempts that can be compared, by one metric; `unit` is the skill of 1 in it.

    `failed` of the attempts did not end with a finite score, and count as guessing.
    """

    attempts: tuple[Attempt, ...] = ()
    metric: str = ""
    unit: float = 1.0
    failed: int = 0
    names: tuple[str, ...] = ()  # of what varies

    def named(self) -> "Sweep":
        """The same, with the names of what varies."""
        return replace(self, names=varied([a.settings for a in self.attempts]))

    @property
    def skills(self) -> Values:
        """What each reached."""
        return np.array([a.skill for a in self.attempts], dtype=np.float64)

    @property
    def best(self) -> Attempt:
        """The attempt that reached most."""
        return max(self.attempts, key=lambda a: a.skill)

    def groups(self) -> dict[tuple[Value | None, ...], list[Attempt]]:
        """The attempts by the settings that vary: those of a group repeat each other.

        Of several with one seed only the first counts.
        """
        found: dict[tuple[Value | None, ...], dict[str, Attempt]] = {}
        for place, one in enumerate(self.attempts):
            key = tuple(one.settings.get(name) for name in self.names)
            found.setdefault(key, {}).setdefault(one.seed or f"run {place}", one)
        return {key: list(seeds.values()) for key, seeds in found.items()}

    def evidence(self, attempt: Attempt, text: str) -> Evidence:
        """What an attempt reached, as evidence."""
        said = told(attempt.settings, self.names)
        return Evidence(
            text=f"{text}{f' ({said})' if said else ''}", value=attempt.score
        )


def told(settings: Settings, names: Iterable[str]) -> str:
    """The settings of those names, in words.

    >>> told({"lr": 0.1, "depth": 3.0}, ["lr", "depth"])
    'lr 0.1, depth 3'
    """
    known = [(n, settings[n]) for n in names if n in settings]
    return ", ".join(
        f"{n} {v:.4g}" if isinstance(v, float) else f"{n} {v}" for n, v in known
    )


def _mean(group: Sequence[Attempt]) -> float:
    return float(np.mean([a.skill for a in group]))


def pooled(groups: Iterable[Sequence[Attempt]]) -> tuple[float, int]:
    """The standard deviation among repeats, and its degrees of freedom."""
    skills = [np.array([a.skill for a in group]) for group in groups]
    squares = sum(float(np.sum((s - s.mean()) ** 2)) for s in skills if len(s) > 1)
    freedom = sum(len(s) - 1 for s in skills)
    return (sqrt(squares / freedom) if freedom else 0.0), freedom


def noise_of(sweep: Sweep, *, rows_shared: bool = True) -> tuple[float, int] | None:
    """The standard error of one attempt's skill, with its degrees of freedom.

    From repeats with other seeds where there are any; else from the folds of a search,
    what is left once each candidate's mean and each fold's are taken away. Folds share
    rows for training (`rows_shared`), which the factor of Nadeau and Bengio (2003)
    makes up for; without it the noise is the least that it can be. None where neither
    tells.
    """
    repeated = sorted(sweep.groups().values(), key=lambda g: -_mean(g))
    # Where half of the seeds fail, their spread says nothing of the good settings.
    spread, freedom = pooled(repeated[: max(2, len(repeated) // 4)])
    if freedom >= 2:
        return spread, freedom
    folds = [a.folds for a in sweep.attempts if len(a.folds) > 1]
    if len(folds) < 2 or len(folds) < len(sweep.attempts):
        return None
    table = np.array(folds)
    table = table[np.isfinite(table).all(axis=1)]
    order = np.argsort(-table.mean(axis=1), kind="stable")
    good = table[order[: max(4, len(order) // 3)]]  # poor candidates differ elsewhere
    rows, columns = good.shape
    if rows < 2:
        return None
    left = good - good.mean(axis=1, keepdims=True) - good.mean(axis=0) + good.mean()
    freedom = (rows - 1) * (columns - 1)
    variance = float(np.sum(left**2)) / freedom
    share = 1 / columns + (1 / (columns - 1) if rows_shared else 0.0)
    return sqrt(variance * share), freedom
