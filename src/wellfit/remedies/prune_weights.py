"""prune-weights"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, steps_of


@dataclass(frozen=True, kw_only=True, slots=True)
class PruneWeights(Remedy):
    """Set the smallest weights to zero.

    ## What it does
    After `begin` steps, `share` of each matrix of weights is set to zero, those of the
    smallest size, and held there: the others go on being trained. Biases and the
    parameters of norms stay.

    ## What it costs
    A pass over the weights at each step. Computing takes as long as before: zeros make
    a model smaller only where it is stored or run by what makes use of them.

    ## When it cannot be applied
    To what is not trained by gradients.

    ## References
    Han et al. (2015), Learning both weights and connections for efficient neural
    networks; Zhu and Gupta (2018), To prune, or not to prune.
    """

    touches: ClassVar = ("weights",)

    share: float = 0.5
    begin: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise BadSetting(f"share must be between 0 and 1; got {self.share:g}")
        if self.begin < 1:
            raise BadSetting(f"begin must be at least 1; got {self.begin}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Half of them and most of them, halfway through; the length must be known."""
        steps = steps_of(run)
        if steps is None:
            return ()
        half = max(1, steps // 2)
        return cls(share=0.5, begin=half), cls(share=0.8, begin=half)

    def apply(self, training: Training) -> None:
        """Have them pruned."""
        training.prune_weights(self.share, self.begin)
