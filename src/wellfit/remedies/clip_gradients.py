"""clip-gradients"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipGradients(Remedy):
    """Limit the norm of the gradient of each step.

    ## What it does
    The global norm is the L2 norm over all parameters of an optimizer. Where it is
    above `norm`, every gradient is multiplied by `norm` divided by it: the direction
    stays, the length becomes `norm`. It comes after whatever clipping the script does
    itself, and after a GradScaler has taken its scale away.

    ## What it costs
    A norm of every gradient at each step: some percent of a step of a small model.

    ## When it cannot be applied
    To what is not trained by gradients.

    ## References
    Pascanu et al. (2013), On the difficulty of training recurrent neural networks,
    section 3.2.
    """

    touches: ClassVar = ("gradients",)

    norm: float = 1.0

    def __post_init__(self) -> None:
        if not (self.norm > 0 and isfinite(self.norm)):
            raise BadSetting(f"norm must be above 0; got {self.norm:g}")

    def apply(self, training: Training) -> None:
        """Have them clipped."""
        training.clip_gradients(self.norm)
