"""oversample-minority"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Fitting
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class OversampleMinority(Remedy):
    """Show rows of rare classes more often.

    ## What it does
    Rows of each class are drawn again, with replacement, until it has `ratio` times as
    many as the commonest. Rows that are predicted are as they come.

    ## What it costs
    As many more rows to train on. What is drawn often may be learnt by heart.

    ## When it cannot be applied
    To what is trained batch by batch, and to numbers as targets.

    ## References
    Japkowicz and Stephen (2002), The class imbalance problem: a systematic study.
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
        """Have them drawn."""
        fitting.oversample(self.ratio)
