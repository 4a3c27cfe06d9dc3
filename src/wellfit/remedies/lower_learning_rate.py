"""lower-learning-rate"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class LowerLearningRate(Remedy):
    """Take shorter steps.

    ## What it does
    Each step is taken with the rates that the script, or its schedule, has set, times
    `factor`, which is below 1. Between the steps the rates are the script's own: a
    schedule goes on as if nothing had happened, whatever its kind, and all its rates
    are scaled alike. Of estimators, the rate that is set is: of boosters, perceptrons
    and SGD with a rate of its own.

    ## What it costs
    Nothing; but a training that is not to end sooner than it has settled takes up to
    1 / `factor` times as many steps.

    ## When it cannot be applied
    To optimizers and estimators without a learning rate.

    ## References
    Bengio (2012), Practical recommendations for gradient-based training of deep
    architectures, section 3: the rate is the one setting to tune if there is time for
    one alone, and the best is often within a factor of two of the largest that works.
    """

    touches: ClassVar = ("learning_rate",)

    factor: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise BadSetting(
                f"factor must be above 0 and below 1, to lower; got {self.factor:g}"
            )

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Less, and much less."""
        return cls(factor=0.1), cls(factor=0.01)

    def apply(self, training: Training) -> None:
        """Scale the rates."""
        training.scale_rates(self.factor)

    def refit(self, fitting: Fitting) -> None:
        """Scale the rates."""
        fitting.scale_rates(self.factor)
