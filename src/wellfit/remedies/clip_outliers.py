"""clip-outliers"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipOutliers(Remedy):
    """Limit each input to the range in which nearly all training rows lie.

    ## What it does
    Each column of numbers is limited to the range between two quantiles of the rows
    that are trained on: `share` of them lie beyond it at either end. Rows that are
    predicted are limited to the same range.

    ## What it costs
    Nothing; what is truly extreme is no longer told from what is merely large.

    ## When it cannot be applied
    To rows that are no table of numbers, such as texts.

    ## References
    Tukey (1962), The future of data analysis, section 18, on winsorizing.
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

    def refit(self, fitting: Fitting) -> None:
        """Have the columns limited."""
        fitting.clip_columns(self.share)
