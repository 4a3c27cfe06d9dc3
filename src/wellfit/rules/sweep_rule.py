"""What every sweep rule is: one problem, judged from several Runs together."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Finding, NotChecked
from wellfit.core.run import Run
from wellfit.rules.rule import Problem, in_order


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepRule(Problem, ABC):
    """One problem that no run shows alone. Its docstring is its page, as a rule's is.

    It is as pure as a rule, and its thresholds are its fields. A run may hold a sweep
    of its own, a search over parameters (the fact `search`): a rule that can judge
    that from one run says so by `alone`.
    """

    alone: ClassVar[bool] = False

    def judge(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """`check`, with every signal in the order of its steps.

        Runs of different trainings are not judged together.
        """
        if (apart := strangers(runs)) is not None:
            return NotChecked(
                reason=f"these are runs of different trainings: some measure "
                f"{apart[0]}, others {apart[1]}; give those of one training alone"
            )
        with np.errstate(all="ignore"):
            return self.check([in_order(run) for run in runs])

    @abstractmethod
    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """The finding, why it could not be judged, or None: all is well."""


def strangers(runs: Sequence[Run]) -> tuple[str, str] | None:
    """Scores of validation that two of the runs have, if they share none at all."""
    scores = {
        frozenset(n for n in run.signals if n.startswith("val/") and "loss" not in n)
        for run in runs
    }
    known = sorted(map(sorted, scores - {frozenset()}))
    for one, other in combinations(known, 2):
        if not set(one) & set(other):
            return one[0], other[0]
    return None
