"""impute-missing"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ImputeMissing(Remedy):
    """Fill gaps by the median or the commonest value, and add columns that show them.

    ## What it does
    What is no number, or infinite, becomes the median of the rows that are trained on.
    Estimators get a column of its own beside each that had gaps, and the commonest
    value in columns of a frame that are no numbers. At the door of a network what it is
    called with first is filled, by column, or of images by channel; the medians are
    those of the batches trained on so far, up to a hundred, and then stay. A network
    has as many inputs as it was made with: there no column is added.

    ## What it costs
    A pass over each batch, and a column more for each that has gaps.

    ## When it cannot be applied
    To inputs that are no numbers, such as texts and tokens. It changes nothing where
    there are no gaps.

    ## References
    van Buuren (2018), Flexible imputation of missing data, section 1.3; Sperrin and
    Martin (2020), Multiple imputation with missing indicators as proxies for unmeasured
    variables.
    """

    touches: ClassVar = ("gaps",)

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """None where all that enters is finite, as far as it was seen."""
        inputs = run.facts.get("inputs") or {}
        return () if inputs.get("nonfinite") == 0 else (cls(),)

    def apply(self, training: Training) -> None:
        """Have them filled."""
        training.impute_missing()

    def refit(self, fitting: Fitting) -> None:
        """Have gaps filled."""
        fitting.impute_columns()
