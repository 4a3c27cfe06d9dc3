"""clip-outliers"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipOutliers(Remedy):
    """Limit each input to the range in which nearly all training rows lie.

    ## What it does
    Each input is limited to the range between two quantiles of the rows that are
    trained on: `share` of them lie beyond it at either end. Rows that are predicted are
    limited to the same range. Of estimators that is each column of numbers. At the door
    of a network it is what it is called with first, by column, or of images by channel:
    the quantiles are those of the batches trained on so far, up to a hundred, and then
    stay; a column that is the same in so many rows stays. Limits of so many deviations
    would be moved by the outliers themselves.

    ## What it costs
    A pass over each batch; what is truly extreme is no longer told from what is merely
    large.

    ## When it cannot be applied
    To inputs that are no numbers, such as texts and tokens: they stay.

    ## References
    Tukey (1962), The future of data analysis, section 14, on winsorizing.
    """

    touches: ClassVar = ("outliers",)

    share: float = 0.01

    def __post_init__(self) -> None:
        if not 0 < self.share < 0.5:
            raise BadSetting(f"share must be above 0 and below 0.5; got {self.share:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Few, and hardly any."""
        return cls(share=0.01), cls(share=0.001)

    def apply(self, training: Training) -> None:
        """Have them limited."""
        training.clip_outliers(self.share)

    def refit(self, fitting: Fitting) -> None:
        """Have the columns limited."""
        fitting.clip_columns(self.share)
