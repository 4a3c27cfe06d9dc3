"""average-weights"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import AverageKind, Training
from wellfit.remedies.remedy import Remedy, steps_of

LONG = 5000  # steps, from which on an average of a thousand is of a small part


@dataclass(frozen=True, kw_only=True, slots=True)
class AverageWeights(Remedy):
    """Average the weights of many steps (EMA, SWA).

    ## What it does
    After each step from `start` on the weights are taken into an average: `ema`
    forgets, so that the last 1 / (1 - `decay`) steps make most of it, and fewer at its
    beginning; `swa` counts all alike. The average is in place of the weights while the
    model is called with gradients off, and in `eval()` where it is trained in
    `train()`; what is trained goes on from its own. The running statistics of batch
    norms are averaged as the weights are. What a script saves after an evaluation is
    the average; what it saves after a step of training is not.

    ## What it costs
    Memory twice as large as the weights, and a pass over them at each step.

    ## When it cannot be applied
    To weights of which no module is called.

    ## References
    Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging;
    Izmailov et al. (2018), Averaging weights leads to wider optima and better
    generalization. Averaged statistics, instead of a pass over the data: `use_buffers`
    of PyTorch's `AveragedModel`.
    """

    touches: ClassVar = ("averaging",)

    kind: AverageKind = "ema"
    decay: float = 0.99
    start: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            raise BadSetting(f"decay must be above 0 and below 1; got {self.decay:g}")
        if self.start < 0:
            raise BadSetting(f"start must be 0 or more steps; got {self.start}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """The latest steps; then all of the last quarter alike."""
        steps = steps_of(run)
        if steps is None:
            return ()
        return (
            cls(kind="ema", decay=0.99 if steps < LONG else 0.999),
            cls(kind="swa", start=steps * 3 // 4),
        )

    def apply(self, training: Training) -> None:
        """Have it evaluated."""
        training.average_weights(self.kind, self.decay, self.start)
