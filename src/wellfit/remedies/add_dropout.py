"""add-dropout"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class AddDropout(Remedy):
    """Set a random share of the activations to zero while training.

    ## What it does
    Of what comes from each activation between two layers, `share` is set to zero, and
    the rest made larger, so that the mean stays. Where activations are functions in a
    `forward`, it is done to what comes to each dense layer but the first. Outputs stay
    whole, and so does all in `eval()`. The numbers are of a generator of its own.

    ## What it costs
    A pass over the activations; training takes longer to get as far.

    ## When it cannot be applied
    Where the model has dropout already, or there are no two layers.

    ## References
    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from
    overfitting.
    """

    touches: ClassVar = ("model",)

    share: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise BadSetting(f"share must be between 0 and 1; got {self.share:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """A little, and much; none where there is dropout already."""
        layers = (run.facts.get("model") or {}).get("layers", ())
        if any(layer.get("dropout") for layer in layers):
            return ()
        return cls(share=0.2), cls(share=0.5)

    def apply(self, training: Training) -> None:
        """Have them dropped."""
        training.add_dropout(self.share)
