"""tune-threshold"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.fitting import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class TuneThreshold(Remedy):
    """Choose the probability from which on a class is predicted, on validation rows.

    ## What it does
    Of two classes, the second is predicted from the score on at which the mean of both
    recalls is highest. The score is chosen on the rows that are trained on, each
    predicted by a fit that had not seen it (three folds). Probabilities stay as they
    are.

    ## What it costs
    Three more fits. The accuracy may fall, as what is rare is predicted more often.

    ## When it cannot be applied
    To more than two classes, to what predicts classes alone, and to what is trained
    batch by batch.

    ## References
    Youden (1950), Index for rating diagnostic tests; Provost (2000), Machine learning
    from imbalanced data sets 101.
    """

    touches: ClassVar = ("threshold",)

    def refit(self, fitting: Fitting) -> None:
        """Have it chosen."""
        fitting.tune_threshold()
