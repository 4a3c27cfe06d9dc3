"""warm-up"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, steps_of


@dataclass(frozen=True, kw_only=True, slots=True)
class WarmUp(Remedy):
    """Raise the rate from near zero over the first steps.

    ## What it does
    The rates of the script, or of its schedule, are multiplied with a factor that rises
    evenly from 1 / `steps` at the first step to 1 at the last of these `steps`.

    ## What it costs
    Nothing.

    ## When it cannot be applied
    To what is not trained by gradients, and to optimizers without a learning rate.

    ## References
    Goyal et al. (2017), Accurate, large minibatch SGD, section 2.2; Liu et al. (2020),
    On the variance of the adaptive learning rate and beyond, for Adam.
    """

    touches: ClassVar = ("learning_rate",)

    steps: int = 100

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadSetting(f"steps must be 1 or more; got {self.steps}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Over a tenth of the training."""
        steps = steps_of(run)
        return () if steps is None else (cls(steps=max(1, steps // 10)),)

    def apply(self, training: Training) -> None:
        """Shape the rates."""
        training.shape_rates(lambda step: min(1.0, (step + 1) / self.steps))
