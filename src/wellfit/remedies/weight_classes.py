"""weight-classes"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, is_of_classes


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightClasses(Remedy):
    """Count errors on rare classes more in the loss.

    ## What it does
    A class of n among N rows of K classes has the weight (N / (K n))^`power`, 1 on
    average: 1 makes up for all that a class is rarer, 0.5 for a part. They are counted
    over the rows that were trained on so far. Cross-entropy, the negative
    log-likelihood and binary cross-entropy are weighted, where gradients are on: the
    loss of evaluations stays what it was. Of several labels a row, each is weighted by
    itself. Of estimators each class counts as much as any other, whatever `power` is:
    by `class_weight` where they know that, else by weights of the rows, beside those
    that the script gives.

    ## What it costs
    A count of the targets at each step. Probabilities are then those of even classes,
    and too high for rare ones; where a threshold can be moved, `tune-threshold` often
    does as well.

    ## When it cannot be applied
    To losses that a script weighs itself, or computes by hand, and to estimators whose
    fit takes no weights, such as nearest neighbours.

    ## References
    King and Zeng (2001), Logistic regression in rare events data; van den Goorbergh et
    al. (2022), The harm of class imbalance corrections for risk prediction models.
    """

    touches: ClassVar = ("objective", "class_balance")

    power: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.power <= 1 and isfinite(self.power)):
            raise BadSetting(
                f"power must be above 0, and 1 at most; got {self.power:g}"
            )

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """In full and in part; none where the script weighs its classes itself."""
        objective = run.facts.get("objective") or {}
        if not is_of_classes(run) or objective.get("weighted"):
            return ()
        return cls(power=1.0), cls(power=0.5)

    def apply(self, training: Training) -> None:
        """Have them weighted."""
        training.weight_classes(self.power)

    def refit(self, fitting: Fitting) -> None:
        """Have them weighed."""
        fitting.weigh_classes()
