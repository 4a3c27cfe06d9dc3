"""add-skips"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class AddSkips(Remedy):
    """Add each block's input to its output.

    ## What it does
    In a `Sequential`, a block is a dense or convolutional layer that gives as many
    numbers as it is given, and what follows it of activations, norms and dropout; in a
    `ModuleList` it is such a layer alone. What comes into the block is added to what
    leaves it, so that gradients find a way past it. The last layer stays as it is.

    ## What it costs
    An addition for each block.

    ## When it cannot be applied
    Where no such layer keeps the shape, or layers are attributes that a `forward`
    calls.

    ## References
    He et al. (2016), Deep residual learning for image recognition, equation 1.
    """

    touches: ClassVar = ("model",)

    def apply(self, training: Training) -> None:
        """Have them added."""
        training.add_skips()
