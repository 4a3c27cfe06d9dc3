"""cross-features"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.fitting import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossFeatures(Remedy):
    """Add products and powers of columns.

    ## What it does
    Columns of numbers are brought to one scale, and the square of each and the product
    of each two are added. What is linear can then bend.

    ## What it costs
    Of 20 columns 210 more, which linear models with few rows learn by heart.

    ## When it cannot be applied
    To rows that are no table of numbers, such as texts. To more than 60 columns, and to
    gaps.

    ## References
    Bishop (2006), Pattern recognition and machine learning, section 3.1.
    """

    touches: ClassVar = ("crosses",)

    def refit(self, fitting: Fitting) -> None:
        """Have them added."""
        fitting.cross_columns()
