"""train-longer"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, fitted


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainLonger(Remedy):
    """Train for more epochs.

    ## What it does
    A pass over a `DataLoader` in which steps are taken is followed by others, until it
    is `factor` times as long: the script takes them all for one epoch. Its schedules
    stretch with it: those that are stepped within a pass are stepped each so manieth
    time, those that are stepped by epochs as ever. Estimators that are trained in
    iterations, and boosters, may take `factor` times as many.

    ## What it costs
    So many times as long.

    ## When it cannot be applied
    To loops that count steps themselves, as those of Lightning and Transformers do.
    Where batches are cut by hand, `for epoch in range(20)` counts further, in the text
    that a run is started with, if nothing else hangs on the number.

    ## References
    Hoffer et al. (2017), Train longer, generalize better.
    """

    touches: ClassVar = ("duration",)

    factor: float = 2.0

    def __post_init__(self) -> None:
        if not (self.factor > 1 and isfinite(self.factor)):
            raise BadSetting(f"factor must be above 1; got {self.factor:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Twice; a trial that takes three times as long is ended."""
        if fitted(run):
            return cls(factor=2.0), cls(factor=10.0)
        return (cls(factor=2.0),) if "train" in (run.facts.get("loaders") or {}) else ()

    def apply(self, training: Training) -> None:
        """Have it go on."""
        training.train_longer(self.factor)

    def refit(self, fitting: Fitting) -> None:
        """Have them go on."""
        fitting.train_longer(self.factor)
