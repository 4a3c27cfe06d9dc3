"""steady-batchnorm"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, steps_of

ENOUGH = (
    5.0  # times as many batches as are averaged over: e^-5 of the beginning is left
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SteadyBatchnorm(Remedy):
    """Average the statistics of batch normalisation over more batches.

    ## What it does
    A batch counts no more than `momentum` in the running mean and variance that batch
    norms evaluate with: they are of the last 1 / `momentum` batches. In training they
    normalise by the batch at hand, as ever.

    ## What it costs
    Nothing; but a training of fewer batches evaluates with statistics of its beginning.

    ## When it cannot be applied
    Without batch norms, or where they keep no statistics or keep those of all batches.

    ## References
    Ioffe and Szegedy (2015), Batch normalization; Wu and Johnson (2021), Rethinking
    "batch" in BatchNorm, section 3, on how far running statistics are off.
    """

    touches: ClassVar = ("batchnorm",)

    momentum: float = 0.01

    def __post_init__(self) -> None:
        if not 0 < self.momentum < 1:
            raise BadSetting(
                f"momentum must be above 0 and below 1; got {self.momentum:g}"
            )

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Where there are any, and steps enough that the beginning is forgotten."""
        layers = (run.facts.get("model") or {}).get("layers") or ()
        normed = any("BatchNorm" in layer["kind"] for layer in layers)
        remedy = cls()
        enough = (steps_of(run) or 0) * remedy.momentum > ENOUGH
        return (remedy,) if normed and enough else ()

    def apply(self, training: Training) -> None:
        """Have them steadied."""
        training.steady_norms(self.momentum)
