"""mixed-precision"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class MixedPrecision(Remedy):
    """Compute in 16 bits where that is safe.

    ## What it does
    Training passes are computed in bfloat16 by PyTorch's `autocast`, which leaves in 32
    bits what needs them; weights, gradients, steps, outputs and evaluations stay in 32
    bits. On a processor the largest layer is timed first, as some are slower at it.

    ## What it costs
    Two or three digits of the activations; they take half the memory.

    ## When it cannot be applied
    Where 16 bits are not faster, or the model is in other precision already.

    ## References
    Micikevicius et al. (2018), Mixed precision training; Kalamkar et al. (2019), A
    study of bfloat16 for deep learning training.
    """

    touches: ClassVar = ("precision",)

    def apply(self, training: Training) -> None:
        """Have them computed so."""
        training.mix_precision()
