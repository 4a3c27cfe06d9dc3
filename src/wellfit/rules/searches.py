"""The search that one run holds, as a sweep: its candidates are the attempts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite, sqrt
from typing import Any

import numpy as np

from wellfit.core.run import Run
from wellfit.rules.attempts import Attempt, Sweep, Values
from wellfit.rules.scales import SHARES, error_of, scale_of, skill_of
from wellfit.rules.variations import flat


def searched(run: Run) -> Sweep | None:
    """The candidates of the search that the run holds."""
    fact = run.facts.get("search") or {}
    tried = [c for c in fact.get("candidates") or () if c.get("score") is not None]
    metric = str(fact.get("metric") or "score")
    finite = [float(c["score"]) for c in tried if isfinite(c["score"])]
    if len(finite) < 2:
        return None
    trivial, unit = _scale(run, metric, finite)
    folds = _folds(run, len(tried))
    attempts = tuple(
        _candidate(one, trivial, unit, folds[place] if folds is not None else None)
        for place, one in enumerate(tried)
    )
    attempts = _tested(run, metric, fact, attempts, trivial, unit)
    failed = len(tried) - len(finite)
    return Sweep(attempts=attempts, metric=metric, unit=unit, failed=failed).named()


def _scale(run: Run, metric: str, scores: Sequence[float]) -> tuple[float, float]:
    """What guessing scores, and how far it is from there to 1.

    Of a search greater is better: an error stands there with its sign turned.
    """
    if metric in ("accuracy", "r2", *SHARES):
        trivial, perfect = scale_of(metric, [run], scores)
        return trivial or 0.0, perfect - (trivial or 0.0)
    objective = (run.facts.get("objective") or {}).get("trivial") or {}
    known = objective.get(metric)
    trivial = -abs(float(known)) if known else min(scores)
    reach = (0.0 if max(scores) <= 0 else max(scores)) - trivial
    return trivial, reach if reach > 0 else 1.0


def _folds(run: Run, candidates: int) -> Values | None:
    """Scores by candidate and fold; None where they were not all recorded."""
    signals = run.at("val/score")
    table = [s.values for n, s in signals.items() if n.startswith("fold")]
    if len(table) < 2 or any(len(column) < candidates for column in table):
        return None
    return np.column_stack([column[:candidates] for column in table])


def _candidate(
    one: Mapping[str, Any], trivial: float, unit: float, folds: Values | None
) -> Attempt:
    score = float(one["score"])
    by_fold = () if folds is None else tuple(skill_of(f, trivial, unit) for f in folds)
    number = max(len(by_fold), 2)
    spread = float(one.get("std") or 0.0) / unit
    return Attempt(
        settings=flat(one.get("parameters") or {}),
        skill=skill_of(score, trivial, unit),
        score=score,
        error=spread / sqrt(number - 1),
        folds=by_fold,
    )


def _tested(
    run: Run,
    metric: str,
    fact: Mapping[str, Any],
    attempts: tuple[Attempt, ...],
    trivial: float,
    unit: float,
) -> tuple[Attempt, ...]:
    """The best candidate, with what it scored later on rows of no fold."""
    signal, best = run.get(f"val/{metric}"), int(fact.get("best") or 0)
    later = run.get(f"test/{metric}")
    if later is None and signal is not None and len(signal) > 1:
        later = signal  # the first value is the search's own
    if later is None or not len(later) or best >= len(attempts):
        return attempts
    test = skill_of(later.last, trivial, unit)
    front = "test/" if later is not signal else "val/"
    error = error_of(run, metric, later.last, front) / unit
    won = replace(attempts[best], test=test, test_error=error)
    return (*attempts[:best], won, *attempts[best + 1 :])
