"""shrink-model"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class ShrinkModel(Remedy):
    """Make the model narrower or shallower.

    ## What it does
    Trees get so many times as many leaves, by their depth or by a limit that they have;
    those that grow freely, leaves that hold more or fewer rows. Perceptrons get so many
    times as many units in each layer; of nearest neighbours fewer are asked for in a
    larger model.

    ## What it costs
    Nothing; what is left may be too small to learn what there is.

    ## When it cannot be applied
    To linear models.

    ## References
    Hastie et al. (2009), The elements of statistical learning, section 7.2, on
    complexity and error.
    """

    touches: ClassVar = ("size",)

    factor: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise BadSetting(f"factor must be above 0 and below 1; got {self.factor:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """A quarter, and a twentieth."""
        return cls(factor=0.25), cls(factor=0.05)

    def refit(self, fitting: Fitting) -> None:
        """Have it shrink."""
        fitting.resize(self.factor)
