"""impute-missing"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ImputeMissing(Remedy):
    """Fill gaps by the median or the commonest value, and add columns that show them.

    ## What it does
    Numbers get the median of the rows that are trained on, and a column of its own says
    where each column had gaps; what is infinite is a gap. Other columns of a frame get
    their commonest value.

    ## What it costs
    A column more for each that has gaps.

    ## When it cannot be applied
    To rows that are no table of numbers, such as texts. It changes nothing where there
    are no gaps.

    ## References
    van Buuren (2018), Flexible imputation of missing data, section 1.3; Sperrin and
    Martin (2020), Multiple imputation with missing indicators as proxies for unmeasured
    variables.
    """

    touches: ClassVar = ("gaps",)

    def refit(self, fitting: Fitting) -> None:
        """Have gaps filled."""
        fitting.impute_columns()
