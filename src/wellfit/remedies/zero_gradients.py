"""zero-gradients"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ZeroGradients(Remedy):
    """Clear the gradients before each step.

    ## What it does
    Once an optimizer has taken its step, the gradients of its parameters are forgotten:
    the next backward pass begins from nothing. A script that adds up the gradients of
    several batches before a step still does.

    ## What it costs
    Nothing.

    ## When it cannot be applied
    To what is not trained by gradients. Where a script clears them itself, it changes
    nothing.

    ## References
    The documentation of `torch.optim.Optimizer.zero_grad`.
    """

    touches: ClassVar = ("gradients",)

    def apply(self, training: Training) -> None:
        """Have them cleared."""
        training.clear_gradients()
