"""select-features"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectFeatures(Remedy):
    """Keep the columns that tell something of the target.

    ## What it does
    Columns of numbers are ranked by how much information each shares with the target,
    on the rows that are trained on, and `share` of them are kept. Other columns of a
    frame stay.

    ## What it costs
    Some seconds for tables with many columns; and columns that tell something together
    only.

    ## When it cannot be applied
    To rows that are no table of numbers, such as texts.

    ## References
    Kraskov et al. (2004), Estimating mutual information; Guyon and Elisseeff (2003), An
    introduction to variable and feature selection.
    """

    touches: ClassVar = ("columns",)

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise BadSetting(f"share must be above 0 and below 1; got {self.share:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """A half, and a fifth."""
        return cls(share=0.5), cls(share=0.2)

    def refit(self, fitting: Fitting) -> None:
        """Have some kept."""
        fitting.select_columns(self.share)
