"""relax-regularization"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaxRegularization(Remedy):
    """Lower weight decay, dropout, label smoothing or the clipping of gradients.

    ## What it does
    The weight decay of every optimizer, the share that every module with dropout drops,
    and the label smoothing of the cross-entropy, are taken times `factor`, which is
    below 1. Gradients are clipped where the script does so, to lengths that are larger
    by as much. Labels are smoothed as ever in evaluations: losses can be compared.
    Of estimators, `alpha`, `reg_lambda` and kin are taken times `factor`, and what is
    the inverse of a penalty, as `C` is, is divided by it.

    ## What it costs
    Nothing; what was held back may now be learnt by heart.

    ## When it cannot be applied
    To dropout that is called as a function, penalties that the script adds to its loss,
    and gradients that it clips by hand.

    ## References
    Srivastava et al. (2014), Dropout; Loshchilov and Hutter (2019), Decoupled weight
    decay regularization; Müller et al. (2019), When does label smoothing help?
    """

    touches: ClassVar = ("weight_decay", "dropout", "label_smoothing", "clipping")

    factor: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise BadSetting(f"factor must be above 0 and below 1; got {self.factor:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Less, and hardly any."""
        return cls(factor=0.1), cls(factor=0.001)

    def apply(self, training: Training) -> None:
        """Have them relaxed."""
        training.relax_penalties(self.factor)

    def refit(self, fitting: Fitting) -> None:
        """Have them relaxed."""
        fitting.relax_penalties(self.factor)
