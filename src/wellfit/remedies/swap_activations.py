"""swap-activations"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Activation, Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class SwapActivations(Remedy):
    """Put ReLU in the place of sigmoid and tanh, or leaky ones in that of ReLU.

    ## What it does
    Modules between layers that squash what they are given (sigmoid, tanh and kin) are
    replaced: `relu` by ReLU, `leaky-relu` and `gelu` by these, and these replace ReLU
    too. One at the output stays. Their names stay, and they have no weights.

    ## What it costs
    Nothing.

    ## When it cannot be applied
    To functions whose results go anywhere but into a layer: those may be gates. Between
    two layers they are swapped in the text that a run is started with.

    ## References
    Glorot et al. (2011), Deep sparse rectifier neural networks; Maas et al. (2013),
    Rectifier nonlinearities improve neural network acoustic models, for leaky ones.
    """

    touches: ClassVar = ("model",)

    to: Activation = "relu"

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Leaky ones where units have died, else both."""
        if finding.rule == "dead-units":
            return (cls(to="leaky-relu"),)
        return cls(to="relu"), cls(to="leaky-relu")

    def apply(self, training: Training) -> None:
        """Replace them."""
        training.swap_activations(self.to)
