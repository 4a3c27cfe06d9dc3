"""drop-duplicates"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.fitting import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class DropDuplicates(Remedy):
    """Keep one of each set of equal rows.

    ## What it does
    Of rows that are equal in all columns and in the target, the first is trained on and
    the others are not. Rows that are predicted are as they come.

    ## What it costs
    A pass over the rows.

    ## When it cannot be applied
    To sparse tables, and to what is trained batch by batch. It changes nothing where no
    two rows are equal.

    ## References
    Lee et al. (2022), Deduplicating training data makes language models better.
    """

    touches: ClassVar = ("rows",)

    def refit(self, fitting: Fitting) -> None:
        """Have copies left out."""
        fitting.drop_duplicates()
