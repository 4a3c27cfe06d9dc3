"""penalize-weights"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Penalty, Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class PenalizeWeights(Remedy):
    """Add weight decay, or another penalty on large weights.

    ## What it does
    In each step every weight is made smaller by `decay` times the learning rate of that
    step, apart from its gradient (decoupled, as AdamW does it), beside whatever decay
    the script has. Biases and the parameters of norms stay free. By `l1`, that much is
    taken off the size of each weight, down to 0; by `elastic`, half of both is done.
    Estimators get half of `decay` times the squares of the weights added to the mean of
    their losses: `alpha` and `reg_lambda` rise by as much, and `C`, the inverse of a
    penalty, falls.

    ## What it costs
    A pass over the weights at each step.

    ## When it cannot be applied
    To estimators that know no penalty, such as single trees.

    ## References
    Loshchilov and Hutter (2019), Decoupled weight decay regularization; Tibshirani
    (1996), Regression shrinkage and selection via the lasso; Zou and Hastie (2005),
    Regularization and variable selection via the elastic net.
    """

    touches: ClassVar = ("weight_decay",)

    decay: float = 0.01
    kind: Penalty = "decay"

    def __post_init__(self) -> None:
        if not (self.decay > 0 and isfinite(self.decay)):
            raise BadSetting(f"decay must be above 0; got {self.decay:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """As AdamW has it by default, and much more; less of what ends at 0."""
        return cls(decay=0.01), cls(decay=0.5), cls(decay=0.01, kind="l1")

    def apply(self, training: Training) -> None:
        """Have them decay."""
        if self.kind == "decay":
            training.decay_weights(self.decay)
            return
        share = 1.0 if self.kind == "l1" else 0.5
        if share < 1:
            training.decay_weights(self.decay * (1 - share))
        training.sparsify_weights(self.decay * share)

    def refit(self, fitting: Fitting) -> None:
        """Have them penalised."""
        if self.kind == "decay":
            fitting.decay_weights(self.decay)
        else:
            fitting.cannot(
                f"of estimators squares alone are penalised, not {self.kind}"
            )
