"""grow-model"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowModel(Remedy):
    """Make the model wider or deeper.

    ## What it does
    Trees get so many times as many leaves, by their depth or by a limit that they have;
    those that grow freely, leaves that hold more or fewer rows. Perceptrons get so many
    times as many units in each layer; of nearest neighbours fewer are asked for in a
    larger model. Forests get more trees.

    ## What it costs
    About `factor` times the time and memory.

    ## When it cannot be applied
    To linear models, and to trees that grow freely already.

    ## References
    Hastie et al. (2009), The elements of statistical learning, section 7.2, on
    complexity and error.
    """

    touches: ClassVar = ("size",)

    factor: float = 4.0

    def __post_init__(self) -> None:
        if not (self.factor > 1 and isfinite(self.factor)):
            raise BadSetting(f"factor must be above 1; got {self.factor:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Four times, and sixteen times."""
        return cls(factor=4.0), cls(factor=16.0)

    def refit(self, fitting: Fitting) -> None:
        """Have it grow."""
        fitting.resize(self.factor)
