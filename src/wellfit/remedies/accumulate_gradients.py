"""accumulate-gradients"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class AccumulateGradients(Remedy):
    """Add up the gradients of several batches before a step.

    ## What it does
    Of each `batches` steps that the script takes, the last alone is taken, with the
    mean of their gradients; the others change nothing. When the script clears its
    gradients does not matter: they are added up elsewhere. Schedules go on as if all
    steps had been taken, and the run counts them all. Batches that are left over at the
    end are not stepped.

    ## What it costs
    Memory as large as the weights; so many times fewer steps.

    ## When it cannot be applied
    To what is not trained by gradients. A script that clips its gradients goes on to
    clip those of each batch.

    ## References
    Goyal et al. (2017), Accurate, large minibatch SGD, on what a larger batch asks of
    the rate.
    """

    touches: ClassVar = ("batch_size", "gradients")

    batches: int = 4

    def __post_init__(self) -> None:
        if self.batches < 2:
            raise BadSetting(f"batches must be 2 or more; got {self.batches}")

    def apply(self, training: Training) -> None:
        """Have them added up."""
        training.accumulate_gradients(self.batches)
