"""augment-inputs"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training, Variation
from wellfit.remedies.remedy import Remedy, shape_of


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentInputs(Remedy):
    """Show each training row in variations that do not change its label.

    ## What it does
    What the model is called with first is varied while it trains, each row by itself:
    by `noise`, normal and `amount` times as wide as each column; or batches of images
    by `flips` of left and right, in one of two; by `shifts` of up to `amount` of the
    sides, mirrored at the edge; by `crops` of which the sides are up to `amount`
    smaller, made as large as they were. The numbers are of a generator of its own.

    ## What it costs
    A pass over each batch; training takes longer to get as far.

    ## When it cannot be applied
    To inputs that are no numbers, such as tokens. Flips change what letters and signs
    mean.

    ## References
    Simard et al. (2003), Best practices for convolutional neural networks; Bishop
    (1995), Training with noise is equivalent to Tikhonov regularization.
    """

    touches: ClassVar = ("inputs",)

    kind: Variation = "noise"
    amount: float = 0.1

    def __post_init__(self) -> None:
        if not self.amount > 0 or (self.kind != "noise" and self.amount >= 1):
            most = "" if self.kind == "noise" else ", and below 1"
            raise BadSetting(
                f"amount of {self.kind} must be above 0{most}; got {self.amount:g}"
            )

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Of images shifts, flips and crops, else noise; none of what is no number."""
        shape = shape_of(run)
        if shape is None:
            return ()
        if len(shape) == 3:
            return cls(kind="shifts"), cls(kind="flips"), cls(kind="crops", amount=0.2)
        return cls(kind="noise", amount=0.1), cls(kind="noise", amount=0.3)

    def apply(self, training: Training) -> None:
        """Have them varied."""
        training.augment_inputs(self.kind, self.amount)
