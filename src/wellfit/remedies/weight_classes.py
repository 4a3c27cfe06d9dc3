"""weight-classes"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightClasses(Remedy):
    """Count errors on rare classes more in the loss.

    ## What it does
    Each class counts as much as any other, however many rows it has: by `class_weight`
    where an estimator knows that, else by weights of the rows, beside those that the
    script gives.

    ## What it costs
    Probabilities are no longer those of the classes as they occur: rare ones are
    overrated.

    ## When it cannot be applied
    To estimators whose fit takes no weights, such as nearest neighbours.

    ## References
    King and Zeng (2001), Logistic regression in rare events data, section 4.
    """

    touches: ClassVar = ("class_balance",)

    def refit(self, fitting: Fitting) -> None:
        """Have them weighed."""
        fitting.weigh_classes()
