"""correct-labels"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.fitting import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectLabels(Remedy):
    """Replace labels that are most probably wrong.

    ## What it does
    Each row that is trained on is predicted by a fit that had not seen it (three
    folds); by confident learning, labels that are most probably wrong become the most
    probable one. It needs cleanlab: `pip install 'wellfit[labels]'`.

    ## What it costs
    Three more fits. What is corrected should be looked at: `wellfit check` names the
    rows.

    ## When it cannot be applied
    To what predicts no probabilities, and to numbers as targets.

    ## References
    Northcutt et al. (2021), Confident learning: estimating uncertainty in dataset
    labels.
    """

    touches: ClassVar = ("labels",)

    def refit(self, fitting: Fitting) -> None:
        """Have them corrected."""
        fitting.correct_labels()
