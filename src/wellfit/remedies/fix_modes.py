"""fix-modes"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class FixModes(Remedy):
    """Call `train()` before training and `eval()` before evaluating.

    ## What it does
    A model that is called with gradients off is put into `eval()`; with the next pass
    that has gradients, all its modules are again in the mode that they had. Once a step
    was taken by a pass in `eval()`, the model is put into `train()` before each that
    has gradients.

    ## What it costs
    Nothing.

    ## When it cannot be applied
    Where a model that is trained in `eval()` is evaluated with gradients on: the two
    cannot be told apart.

    ## References
    Srivastava et al. (2014), Dropout; Ioffe and Szegedy (2015), Batch normalization.
    """

    touches: ClassVar = ("modes",)

    def apply(self, training: Training) -> None:
        """Have them set."""
        training.fix_modes()
