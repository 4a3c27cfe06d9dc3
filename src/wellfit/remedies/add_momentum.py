"""add-momentum"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class AddMomentum(Remedy):
    """Let each step go on a part of the way of the last.

    ## What it does
    Steps of SGD and RMSProp that have no momentum get this one. As each gradient then
    counts for 1 / (1 − momentum) steps, steps become longer by so much.

    ## What it costs
    Memory as large as the weights.

    ## When it cannot be applied
    To optimizers that have a momentum of their own, as Adam has, or that can have none.

    ## References
    Sutskever et al. (2013), On the importance of initialization and momentum in deep
    learning.
    """

    touches: ClassVar = ("momentum",)

    momentum: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.momentum < 1:
            raise BadSetting(
                f"momentum must be above 0 and below 1; got {self.momentum:g}"
            )

    def apply(self, training: Training) -> None:
        """Add it."""
        training.add_momentum(self.momentum)
