"""penalize-weights"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Fitting, Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class PenalizeWeights(Remedy):
    """Add weight decay, or another penalty on large weights.

    ## What it does
    In each step every weight is made smaller by `decay` times the learning rate of that
    step, apart from its gradient (decoupled, as AdamW does it), beside whatever decay
    the script has. Biases and the parameters of norms stay free. Estimators get half of
    `decay` times the squares of the weights added to the mean of their losses: `alpha`
    and `reg_lambda` rise by as much, and `C`, the inverse of a penalty, falls.

    ## What it costs
    A pass over the weights at each step.

    ## When it cannot be applied
    To estimators that know no penalty, such as single trees.

    ## References
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.
    """

    touches: ClassVar = ("weight_decay",)

    decay: float = 0.01

    def __post_init__(self) -> None:
        if not (self.decay > 0 and isfinite(self.decay)):
            raise BadSetting(f"decay must be above 0; got {self.decay:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As AdamW has it by default, and much more."""
        return cls(decay=0.01), cls(decay=0.5)

    def apply(self, training: Training) -> None:
        """Have them decay."""
        training.decay_weights(self.decay)

    def refit(self, fitting: Fitting) -> None:
        """Have them penalised."""
        fitting.decay_weights(self.decay)
