"""focus-loss"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, is_of_classes


@dataclass(frozen=True, kw_only=True, slots=True)
class FocusLoss(Remedy):
    """Count rows that are predicted well less in the loss (focal loss).

    ## What it does
    The loss of each row is multiplied by (1 - p)^`gamma`, p being the probability that
    is given to its class: of cross-entropy, the negative log-likelihood and binary
    cross-entropy, where gradients are on. The loss of evaluations stays what it was.

    ## What it costs
    Next to nothing. Gradients become smaller as rows are learnt; a longer rate may then
    be right.

    ## When it cannot be applied
    To targets that are shares of classes, and to losses that a script computes by hand.

    ## References
    Lin et al. (2017), Focal loss for dense object detection: 2 was best there.
    """

    touches: ClassVar = ("objective",)

    gamma: float = 2.0

    def __post_init__(self) -> None:
        if not (self.gamma > 0 and isfinite(self.gamma)):
            raise BadSetting(f"gamma must be above 0; got {self.gamma:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As it is usual, where classes are told apart."""
        return (cls(),) if is_of_classes(run) else ()

    def apply(self, training: Training) -> None:
        """Have it focused."""
        training.focus_loss(self.gamma)
