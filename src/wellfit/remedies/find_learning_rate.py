"""find-learning-rate"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.rates import STEPS
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, steps_of

LEAST = 60  # steps: the rate begins at 7e-4
FIRST = 0.2  # of a training at most: what is spent on the search is not trained on


@dataclass(frozen=True, kw_only=True, slots=True)
class FindLearningRate(Remedy):
    """Try rates from low to high in the first steps, and go on at a good one.

    ## What it does
    In the first `steps` steps of the training the rate rises by a factor of 1.18 from
    one to the next, up to 10 at the last: from 1e-6 on in 100 steps. They end where the
    loss, smoothed, is four times its least. Then the weights, the statistics of norms
    and the state of the optimizer are put back as they were, and the training goes on
    with what comes next, at a tenth of the rate at which the smoothed loss was least.
    Groups and schedules of the script keep their proportions: that rate is the largest.
    Each training finds its own; the fact `plan` says which.

    ## What it costs
    The rows of those steps, which are as if they had not been seen.

    ## When it cannot be applied
    Where several optimizers take steps by turns, or several processes train together;
    to optimizers without a learning rate; where the loss is not called `backward` of.

    ## References
    Smith (2017), Cyclical learning rates for training neural networks, section 3.3.
    That a tenth is taken was measured: `wellfit.core.rates`.
    """

    touches: ClassVar = ("learning_rate",)

    steps: int = STEPS

    def __post_init__(self) -> None:
        if self.steps < LEAST:
            raise BadSetting(
                f"steps must be {LEAST} or more: of fewer the least loss is a matter "
                f"of chance; got {self.steps}"
            )

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Over 100 steps, or a fifth of a training that has fewer than 500."""
        steps = min(STEPS, int(FIRST * (steps_of(run) or 0)))
        return () if steps < LEAST else (cls(steps=steps),)

    def apply(self, training: Training) -> None:
        """Have it found."""
        training.find_rate(self.steps)
