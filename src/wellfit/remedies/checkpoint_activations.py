"""checkpoint-activations"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointActivations(Remedy):
    """Compute activations again on the way back, rather than keep them.

    ## What it does
    Of the `ModuleList` or `Sequential` with the most weights, only what comes into each
    block is kept for the backward pass, and the rest is computed again: blocks are the
    items of the list, or stretches of about the root of its length. What is learnt is
    the same; random numbers and the statistics of norms are those of the first time.

    ## What it costs
    About a third more time for each step.

    ## When it cannot be applied
    Where no such list is long enough, or its items are single layers in a `ModuleList`.

    ## References
    Chen et al. (2016), Training deep nets with sublinear memory cost.
    """

    touches: ClassVar = ("memory",)

    def apply(self, training: Training) -> None:
        """Have them computed again."""
        training.checkpoint_activations()
