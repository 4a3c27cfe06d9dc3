"""resize-batch"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy

LARGER = 4.0  # times: the noise of a gradient is halved
SMALLER = (0.5, 0.25)
SMALL = frozenset({"out-of-memory"})  # rules whose finding smaller ones help against


@dataclass(frozen=True, kw_only=True, slots=True)
class ResizeBatch(Remedy):
    """Take larger or smaller batches.

    ## What it does
    A `DataLoader` that trains draws batches of `factor` times as many rows: one that
    draws at random from when it is made, so that its length is right, another once it
    is iterated for training. An epoch has so many times fewer steps. The rate stays.

    ## What it costs
    Memory, of larger ones; smaller ones take more steps.

    ## When it cannot be applied
    To scripts that cut their batches by hand, or give a `batch_sampler` of their own.

    ## References
    Smith et al. (2018), Don't decay the learning rate, increase the batch size; Keskar
    et al. (2017), On large-batch training for deep learning, on what too large ones do.
    """

    touches: ClassVar = ("batch_size",)

    factor: float = LARGER

    def __post_init__(self) -> None:
        if not (self.factor > 0 and isfinite(self.factor)) or self.factor == 1:
            raise BadSetting(f"factor must be above 0, and not 1; got {self.factor:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Larger ones; smaller ones, where memory is what lacks."""
        loader = (run.facts.get("loaders") or {}).get("train") or {}
        if not loader.get("batch_size"):
            return ()
        factors = SMALLER if finding.rule in SMALL else (LARGER,)
        return tuple(cls(factor=factor) for factor in factors)

    def apply(self, training: Training) -> None:
        """Have them resized."""
        training.resize_batches(self.factor)
