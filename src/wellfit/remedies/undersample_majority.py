"""undersample-majority"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class UndersampleMajority(Remedy):
    """Show fewer rows of the commonest class.

    ## What it does
    Of each class a random draw of at most `ratio` times as many rows as the rarest has
    is trained on. Rows that are predicted are as they come.

    ## What it costs
    What the rows that are left out would have told.

    ## When it cannot be applied
    To what is trained batch by batch, and to numbers as targets.

    ## References
    Drummond and Holte (2003), C4.5, class imbalance, and cost sensitivity: why
    under-sampling beats over-sampling.
    """

    touches: ClassVar = ("class_balance",)

    ratio: float = 1.0

    def __post_init__(self) -> None:
        if not (self.ratio >= 1 and isfinite(self.ratio)):
            raise BadSetting(f"ratio must be 1 or more; got {self.ratio:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As many as of the rarest, and three times as many."""
        return cls(ratio=1.0), cls(ratio=3.0)

    def refit(self, fitting: Fitting) -> None:
        """Have fewer drawn."""
        fitting.undersample(self.ratio)
