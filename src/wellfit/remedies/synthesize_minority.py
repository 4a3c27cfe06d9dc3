"""synthesize-minority"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class SynthesizeMinority(Remedy):
    """Make new rows of rare classes between neighbours (SMOTE).

    ## What it does
    New rows of each class are made on the lines between a row and its nearest
    neighbours of that class, until it has `ratio` times as many as the commonest. It
    needs imbalanced-learn: `pip install 'wellfit[sampling]'`.

    ## What it costs
    As many more rows to train on; and rows that nobody has seen, between classes that
    overlap.

    ## When it cannot be applied
    To columns that are no numbers, to gaps, to rows that have weights, and to what is
    trained batch by batch.

    ## References
    Chawla et al. (2002), SMOTE: synthetic minority over-sampling technique.
    """

    touches: ClassVar = ("class_balance",)

    ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.ratio <= 1:
            raise BadSetting(f"ratio must be above 0 and at most 1; got {self.ratio:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As many as of the commonest, and a third of that."""
        return cls(ratio=1.0), cls(ratio=0.33)

    def refit(self, fitting: Fitting) -> None:
        """Have them made."""
        fitting.synthesize(self.ratio)
