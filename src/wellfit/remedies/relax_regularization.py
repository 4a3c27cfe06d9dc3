"""relax-regularization"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaxRegularization(Remedy):
    """Lower weight decay, dropout or label smoothing.

    ## What it does
    The weight decay of every optimizer, the share that every module with dropout drops,
    and the label smoothing of the cross-entropy, are taken times `factor`, which is
    below 1. Labels are smoothed as ever in evaluations, so that losses can be compared.

    ## What it costs
    Nothing; what was held back may now be learnt by heart.

    ## When it cannot be applied
    To dropout that is called as a function, and penalties that the script adds itself.

    ## References
    Srivastava et al. (2014), Dropout; Loshchilov and Hutter (2019), Decoupled weight
    decay regularization; Müller et al. (2019), When does label smoothing help?
    """

    touches: ClassVar = ("weight_decay", "dropout", "label_smoothing")

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
