"""smooth-labels"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, is_of_classes


@dataclass(frozen=True, kw_only=True, slots=True)
class SmoothLabels(Remedy):
    """Train towards a little less than certainty.

    ## What it does
    Each target gives `amount` of its certainty to all classes alike: of cross-entropy,
    the negative log-likelihood and binary cross-entropy, where gradients are on. The
    loss of evaluations stays what it was.

    ## What it costs
    Nothing. The loss of training cannot fall to 0 any more, and predictions are less
    certain.

    ## When it cannot be applied
    To losses that smooth already, or that a script computes by hand.

    ## References
    Szegedy et al. (2016), Rethinking the Inception architecture; Lukasik et al. (2020),
    Does label smoothing mitigate label noise?
    """

    touches: ClassVar = ("objective",)

    amount: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.amount < 1:
            raise BadSetting(f"amount must be between 0 and 1; got {self.amount:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Some, and twice as much; none where labels are smooth already."""
        objective = run.facts.get("objective") or {}
        if not is_of_classes(run) or objective.get("label_smoothing"):
            return ()
        return cls(amount=0.1), cls(amount=0.2)

    def apply(self, training: Training) -> None:
        """Have them smoothed."""
        training.smooth_labels(self.amount)
