"""schedule-learning-rate"""

from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, steps_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleLearningRate(Remedy):
    """Lower the rate as training goes on.

    ## What it does
    The rates of the script, or of its schedule, are multiplied with half a cosine: from
    1 at the first step to 0 after so many `steps`, and there they stay.

    ## What it costs
    Nothing; but `steps` must be how long the training is.

    ## When it cannot be applied
    To what is not trained by gradients, and to optimizers without a learning rate.

    ## References
    Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts,
    with one cycle.
    """

    touches: ClassVar = ("learning_rate",)

    steps: int = 1000

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadSetting(f"steps must be 1 or more; got {self.steps}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Over the whole training."""
        steps = steps_of(run)
        return () if steps is None else (cls(steps=steps),)

    def apply(self, training: Training) -> None:
        """Shape the rates."""
        training.shape_rates(
            lambda step: 0.5 * (1 + cos(pi * min(1.0, step / self.steps)))
        )
