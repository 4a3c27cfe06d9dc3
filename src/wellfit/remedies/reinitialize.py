"""reinitialize"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Scheme, Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class Reinitialize(Remedy):
    """Draw the initial weights anew, at a scale that suits the activations.

    ## What it does
    Before the first pass the weights of dense, convolutional and recurrent layers are
    drawn anew: `he` normal, for ReLU and kin; `xavier` normal, for sigmoid and tanh;
    `orthogonal`. Biases become 0, norms what they are when made. The numbers come from
    a generator of their own, so that all else that the script draws stays.

    ## What it costs
    Nothing; what was trained before is lost, in those layers of which nothing is
    frozen.

    ## When it cannot be applied
    Where no layer is of a known kind.

    ## References
    He et al. (2015), Delving deep into rectifiers; Glorot and Bengio (2010),
    Understanding the difficulty of training deep feedforward neural networks; Saxe et
    al. (2014), Exact solutions to the nonlinear dynamics of learning.
    """

    touches: ClassVar = ("weights",)

    scheme: Scheme = "he"

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """For either kind of activation."""
        return cls(scheme="he"), cls(scheme="xavier")

    def apply(self, training: Training) -> None:
        """Draw them."""
        training.reinitialize(self.scheme)
