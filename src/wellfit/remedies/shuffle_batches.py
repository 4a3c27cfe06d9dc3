"""shuffle-batches"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ShuffleBatches(Remedy):
    """Draw the rows of each epoch in a new random order.

    ## What it does
    A `DataLoader` that gives its rows in a fixed order draws them at random where it is
    iterated with gradients on, as trainings are. Batches that are cut from tensors, as
    `x[i : i + 32]`, are cut in a random order in the text that a run is started with.

    ## What it costs
    Nothing, but for data that are read in one stream.

    ## When it cannot be applied
    To batches that are cut in other ways, to samplers of the script's own, and to data
    sets that are streams.

    ## References
    Bengio (2012), Practical recommendations for gradient-based training of deep
    architectures, section 2.2.
    """

    touches: ClassVar = ("order",)

    def apply(self, training: Training) -> None:
        """Have them drawn at random."""
        training.shuffle_batches()
