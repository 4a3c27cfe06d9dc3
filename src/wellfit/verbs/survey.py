"""Several runs: each diagnosed, the one with the best result first."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.verbs.diagnose import Thresholds, diagnose
from wellfit.verbs.read import name_of


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Surveyed:
    """One of several runs: how far it came, its losses, and what is wrong with it."""

    name: str
    run: Run
    diagnosis: Diagnosis

    @property
    def steps(self) -> int:
        """How many were seen; of logs by epoch or row, how many of those."""
        return self.run.last_step + 1

    def last(self, signal: str) -> float | None:
        """The latest value of a signal."""
        seen = self.run.get(signal)
        return seen.last if seen is not None and len(seen) else None

    def least(self, signal: str) -> float | None:
        """The least finite value of a signal."""
        seen = self.run.get(signal)
        values = seen.finite().values if seen is not None else ()
        return float(min(values)) if len(values) else None

    def to_json(self) -> dict[str, Any]:
        """The run in the form that docs/json.md pins."""
        told = self.diagnosis.to_json()
        return {
            "name": self.name,
            "run": told["run"],
            "steps": self.steps,
            "train_loss": self.last("train/loss"),
            "best_train_loss": self.least("train/loss"),
            "val_loss": self.last("val/loss"),
            "best_val_loss": self.least("val/loss"),
            "healthy": told["healthy"],
            "findings": told["findings"],
            "not_checked": told["not_checked"],
        }


def survey(
    runs: Iterable[Run],
    *,
    ignore: Collection[str] = (),
    rules: Thresholds | None = None,
) -> tuple[Surveyed, ...]:
    """A diagnosis of each of several runs, the one with the best result first.

    The result is the least validation loss; of runs without one, which come after, the
    least training loss; last is what has neither.
    """
    seen = [
        Surveyed(
            name=name_of(run),
            run=run,
            diagnosis=diagnose(run, ignore=ignore, rules=rules),
        )
        for run in runs
    ]
    return tuple(sorted(seen, key=_result))


def _result(one: Surveyed) -> tuple[int, float, str]:
    for place, signal in enumerate(("val/loss", "train/loss")):
        best = one.least(signal)
        if best is not None:
            return place, best, one.name
    return 2, math.inf, one.name
