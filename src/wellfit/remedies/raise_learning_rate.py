"""raise-learning-rate"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class RaiseLearningRate(Remedy):
    """Take longer steps.

    ## What it does
    Each step is taken with the rates that the script, or its schedule, has set, times
    `factor`, which is above 1. Between the steps the rates are the script's own: a
    schedule goes on as if nothing had happened, whatever its kind, and all its rates
    are scaled alike. Of estimators, the rate that is set is: of boosters, perceptrons
    and SGD with a rate of its own.

    ## What it costs
    Nothing. Where the rate becomes too high, losses leap, or are no numbers any more.

    ## When it cannot be applied
    To optimizers and estimators without a learning rate.

    ## References
    Bengio (2012), Practical recommendations for gradient-based training of deep
    architectures, section 3.
    """

    touches: ClassVar = ("learning_rate",)

    factor: float = 10.0

    def __post_init__(self) -> None:
        if not (self.factor > 1 and isfinite(self.factor)):
            raise BadSetting(f"factor must be above 1, to raise; got {self.factor:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """More, and much more."""
        return cls(factor=3.0), cls(factor=10.0), cls(factor=100.0)

    def apply(self, training: Training) -> None:
        """Scale the rates."""
        training.scale_rates(self.factor)

    def refit(self, fitting: Fitting) -> None:
        """Scale the rates."""
        fitting.scale_rates(self.factor)
