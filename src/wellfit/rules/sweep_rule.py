"""What every sweep rule is: one problem, judged from several Runs together."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
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
        """`check`, with every signal in the order of its steps."""
        with np.errstate(all="ignore"):
            return self.check([in_order(run) for run in runs])

    @abstractmethod
    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """The finding, why it could not be judged, or None: all is well."""
