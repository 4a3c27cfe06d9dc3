"""oversample-minority"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, is_of_classes


@dataclass(frozen=True, kw_only=True, slots=True)
class OversampleMinority(Remedy):
    """Show rows of rare classes more often.

    ## What it does
    Rows of each class are drawn as if there were `ratio` times as many as of the
    commonest, with replacement; rows that are predicted are as they come. An estimator
    is fitted to more rows. A `DataLoader` that trains has epochs as long as they were;
    the labels are those of a `TensorDataset`, or a data set's `targets` or `labels`,
    and of up to 20,000 rows that tell them in no other way they are read once.

    ## What it costs
    As many more rows, for an estimator. What is drawn often may be learnt by heart.

    ## When it cannot be applied
    To scripts that cut their batches by hand, to loaders that draw rows in order or by
    a sampler of the script's own, to estimators that are trained batch by batch, and to
    numbers as targets.

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
        return (cls(ratio=1.0), cls(ratio=0.33)) if is_of_classes(run) else ()

    def apply(self, training: Training) -> None:
        """Have them drawn."""
        training.oversample_minority(self.ratio)

    def refit(self, fitting: Fitting) -> None:
        """Have them drawn."""
        fitting.oversample(self.ratio)
