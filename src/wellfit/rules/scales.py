"""The scale that attempts are compared on: 0 is guessing, 1 is perfect.

Of a loss nobody knows what is perfect: there 1 is the best of the sweep.
"""

from collections.abc import Sequence
from math import isfinite, sqrt

import numpy as np

from wellfit.core.run import Run
from wellfit.rules import curves, results

# Scores whose best is 1, and what guessing has: of classes by their share nothing.
SHARES = {"balanced_accuracy": 0.0, "auc": 0.5, "f1": 0.0, "average_precision": 0.0}
LOSSES = ("loss", "logged_loss", "log_loss", "rmse", "mae")
WORST = -1.0  # how far below guessing is told apart: what diverged has no scale


def skill_of(score: float, trivial: float, unit: float) -> float:
    """A score as skill: 0 is guessing, as is what ended as no number."""
    return max((score - trivial) / unit, WORST) if isfinite(score) else 0.0


def scale_of(
    metric: str, runs: Sequence[Run], scores: Sequence[float]
) -> tuple[float | None, float]:
    """What guessing scores, and what counts as 1."""
    if metric == "accuracy":
        known = [t for run in runs if (t := results.trivial_accuracy(run)) is not None]
        return (float(np.median(known)) if known else 0.0), 1.0
    if metric == "r2":
        return 0.0, 1.0
    if metric in SHARES:
        return SHARES[metric], 1.0
    finite = [score for score in scores if isfinite(score)]
    begun = [b for run in runs if (b := _begun(run, metric)) is not None]
    if not finite or not begun:
        return None, 0.0
    start = float(np.median(begun))
    return (start, min(finite)) if min(finite) < start else (None, 0.0)


def _begun(run: Run, metric: str) -> float | None:
    """What a loss or an error was before anything was learnt."""
    trivial = (run.facts.get("objective") or {}).get("trivial") or {}
    if trivial.get(metric) is not None:
        return float(trivial[metric])
    values = [
        float(signal.values[0])
        for name in (f"val/{metric}", f"train/{metric}")
        if (signal := run.get(name)) is not None and len(signal)
    ]
    return max((v for v in values if isfinite(v)), default=None)


def error_of(run: Run, metric: str, score: float, front: str) -> float:
    """The standard error of one evaluation: of shares by the rows, else by the curve.

    A share of n rows has a binomial error; a loss that is evaluated again and again
    shows by its own noise what one evaluation is worth.
    """
    if not isfinite(score):
        return 0.0
    rows = results.rows_of(run, front)
    if metric in ("accuracy", *SHARES):
        share = min(max(score, 0.0), 1.0)
        return sqrt(max(share * (1 - share), 1 / (4 * rows)) / rows)
    if metric == "r2":
        return results.r2_error(score, rows)
    signal = run.get(f"{front}{metric}")
    return 0.0 if signal is None else curves.noise(signal.finite().values[-20:])


def ending(run: Run, name: str) -> float | None:
    """Where the signal ends: its median over the last tenth, NaN where it broke."""
    signal = run.get(name)
    if signal is None or not len(signal):
        return None
    if not isfinite(signal.last):
        return float("nan")
    return results.ending(signal)
