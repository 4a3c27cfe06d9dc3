"""insert-normalization"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Norm, Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class InsertNormalization(Remedy):
    """Add batch or layer normalisation before activations.

    ## What it does
    What each dense or convolutional layer gives, but the last, is normalised: by
    `batch`, or by `layer` (of a convolution: over all channels). The optimizer trains
    the new scales and shifts too. Layers keep their names.

    ## What it costs
    About a fifth more for each step of a small model.

    ## When it cannot be applied
    Where the model has normalisation already, or there are no two layers.

    ## References
    Ioffe and Szegedy (2015), Batch normalization; Ba et al. (2016), Layer
    normalization; Wu and He (2018), Group normalization.
    """

    touches: ClassVar = ("model",)

    kind: Norm = "batch"

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Both kinds."""
        return cls(kind="batch"), cls(kind="layer")

    def apply(self, training: Training) -> None:
        """Insert it."""
        training.normalize(self.kind)
