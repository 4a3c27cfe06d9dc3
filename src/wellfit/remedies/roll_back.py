"""roll-back"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class RollBack(Remedy):
    """Go back to the last good weights, and on from there with care.

    ## What it does
    While the training runs, its loss and its gradients are judged by their own past,
    before each step. A batch that makes them NaN, infinite, or vast is passed over: the
    weights stay, the step does nothing. Where the training itself has gone wrong
    (weights that are not finite, a loss that explodes, a spike that does not recover),
    weights, buffers, the optimizers' states and a GradScaler's scale go back to the
    last good state from before it. It goes on with the batches that come next; what was
    gone past is the point. Where the same trouble comes again it goes back further, and
    the rates are at most 0.3 times, then 0.09 times, those of the state gone back to;
    gradients are clipped to the largest that was ordinary.

    After `most` times the training is left alone. Each time is told, with its reason.
    A training in which nothing goes wrong is the same bit for bit.

    ## What it costs
    Up to three copies of weights and optimizer states in the memory of the host, and
    one in the run folder. Copies are made as often as `--overhead` allows, ten steps
    apart at least; the steps since the last one are lost when it goes back.

    ## When it cannot be applied
    Where several processes train together: each would decide for itself. It does not
    undo the script's own variables, the order of its data, random numbers, averages of
    weights that it keeps, and schedules, which go on by the steps of its loop. Of
    losses of several optimizers (a GAN) only those are judged that are vast or not
    finite. It heals no cause: `wellfit treat` looks for that where runs can be
    repeated, and so it is not proposed there.

    ## References
    Chowdhery et al. (2022), PaLM, section 5.1, on going back and skipping batches;
    Zhang et al. (2022), OPT, section 2.5, on lower rates after it; Takase et al.
    (2023), Spike no more, on spikes that recover and others.
    """

    touches: ClassVar = ("weights", "optimizer", "gradients", "learning_rate")

    most: int = 5

    def __post_init__(self) -> None:
        if self.most < 1:
            raise BadSetting(f"most must be 1 or more; got {self.most}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """None: what can be tried again has better remedies."""
        return ()

    def apply(self, training: Training) -> None:
        """Have it watched, and put back."""
        training.roll_back(self.most)
