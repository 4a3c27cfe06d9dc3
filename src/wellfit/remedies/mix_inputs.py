"""mix-inputs"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Mixing, Training
from wellfit.remedies.remedy import Remedy, shape_of


@dataclass(frozen=True, kw_only=True, slots=True)
class MixInputs(Remedy):
    """Train on mixtures of rows and of their labels (mixup, cutmix).

    ## What it does
    Each row of a batch that is trained on is mixed with another one, and the loss is
    that of both targets, in the same shares: by `mixup` a mean of both, of which the
    share is drawn from a Beta distribution with both parameters `alpha`; by `cutmix` a
    rectangle of one image in the other. The numbers are of a generator of its own. The
    first batch stays as it is: from it is seen what comes to the loss.

    ## What it costs
    The loss is computed twice. What a script reports of its training is of mixtures.

    ## When it cannot be applied
    To losses that a script computes by hand, or that have other than a target for each
    row; to models that are called several times before a loss.

    ## References
    Zhang et al. (2018), mixup: beyond empirical risk minimization; Yun et al. (2019),
    CutMix.
    """

    touches: ClassVar = ("inputs", "objective")

    kind: Mixing = "mixup"
    alpha: float = 0.2

    def __post_init__(self) -> None:
        if not (self.alpha > 0 and isfinite(self.alpha)):
            raise BadSetting(f"alpha must be above 0; got {self.alpha:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As both papers have it; none of what is no number."""
        shape = shape_of(run)
        if shape is None:
            return ()
        mixup = cls(kind="mixup", alpha=0.2)
        return (mixup, cls(kind="cutmix", alpha=1.0)) if len(shape) == 3 else (mixup,)

    def apply(self, training: Training) -> None:
        """Have them mixed."""
        training.mix_inputs(self.kind, self.alpha)
