"""undersample-majority"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, is_of_classes


@dataclass(frozen=True, kw_only=True, slots=True)
class UndersampleMajority(Remedy):
    """Show fewer rows of the commonest class.

    ## What it does
    Of each class at most `ratio` times as many rows as there are of the rarest are
    trained on, drawn at random; rows that are predicted are as they come. A
    `DataLoader` that trains draws others each epoch, and none twice: epochs are
    shorter. The labels are those of a `TensorDataset`, or a data set's `targets` or
    `labels`; of up to 20,000 rows that tell them in no other way, they are read once.

    ## What it costs
    What the rows that are left out would have told; and fewer steps, so that the same
    number of epochs learns less.

    ## When it cannot be applied
    To scripts that cut their batches by hand, to loaders that draw rows in order or by
    a sampler of the script's own, to estimators that are trained batch by batch, and to
    numbers as targets.

    ## References
    Drummond and Holte (2003), C4.5, class imbalance, and cost sensitivity: why
    under-sampling beats over-sampling.
    """

    touches: ClassVar = ("class_balance",)

    ratio: float = 1.0

    def __post_init__(self) -> None:
        if not (self.ratio >= 1 and isfinite(self.ratio)):
            raise BadSetting(f"ratio must be at least 1; got {self.ratio:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As many as of the rarest, and three times that."""
        return (cls(ratio=1.0), cls(ratio=3.0)) if is_of_classes(run) else ()

    def apply(self, training: Training) -> None:
        """Have them left out."""
        training.undersample_majority(self.ratio)

    def refit(self, fitting: Fitting) -> None:
        """Have fewer drawn."""
        fitting.undersample(self.ratio)
