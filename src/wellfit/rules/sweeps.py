"""Runs as a sweep: what each was set to, and what it reached, on one scale."""

from collections.abc import Iterator, Sequence
from math import isfinite

from wellfit.core.run import Run
from wellfit.rules.attempts import Attempt, Sweep
from wellfit.rules.scales import LOSSES, SHARES, ending, error_of, scale_of, skill_of
from wellfit.rules.searches import searched
from wellfit.rules.variations import hyperparameters, seed_of


def sweep_of(runs: Sequence[Run]) -> Sweep | None:
    """The runs as a sweep, or the search within the only one; None where no score is.

    Of the metrics that nearly all runs have, the one that says most is taken.
    """
    if len(runs) == 1:
        return searched(runs[0])
    if not runs:
        return None
    made = next((s for m in _metrics(runs) if (s := _by(runs, m)) is not None), None)
    return None if made is None else made.named()


def _metrics(runs: Sequence[Run]) -> Iterator[str]:
    """The metrics of validation that at least nine of ten runs have."""
    for metric in ("accuracy", "r2", *SHARES, *LOSSES):
        having = sum(f"val/{metric}" in run for run in runs)
        if having >= 0.9 * len(runs) and having > 1:
            yield metric


def _by(runs: Sequence[Run], metric: str) -> Sweep | None:
    """The sweep by that metric; None where its scale is not known."""
    scored = [(run, ending(run, f"val/{metric}")) for run in runs]
    have = [(run, score) for run, score in scored if score is not None]
    trivial, perfect = scale_of(metric, [r for r, _ in have], [s for _, s in have])
    if trivial is None or not abs(perfect - trivial) > 0:
        return None
    unit, attempts = perfect - trivial, []
    for run, score in have:
        test = ending(run, f"test/{metric}")
        attempts.append(
            Attempt(
                settings=hyperparameters(run),
                seed=seed_of(run),
                skill=skill_of(score, trivial, unit),
                score=score,
                error=error_of(run, metric, score, "val/") / abs(unit),
                test=None if test is None else skill_of(test, trivial, unit),
                test_error=error_of(run, metric, test or 0.0, "test/") / abs(unit),
            )
        )
    failed = sum(not isfinite(score) for _, score in have)
    return Sweep(attempts=tuple(attempts), metric=metric, unit=abs(unit), failed=failed)
