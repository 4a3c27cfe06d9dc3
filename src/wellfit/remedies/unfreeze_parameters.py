"""unfreeze-parameters"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfreezeParameters(Remedy):
    """Let parameters train that are held fixed.

    ## What it does
    Parameters of a model that need no gradient need one from its first pass on. They,
    and those that no optimizer was given, join the first group of the optimizer that
    steps the others of their model.

    ## What it costs
    Time and memory for their gradients, and for the state of the optimizer.

    ## When it cannot be applied
    To a model of which nothing is trained, as one that only makes features for another;
    and where a script fixes parameters again later.

    ## References
    Yosinski et al. (2014), How transferable are features in deep neural networks?
    """

    touches: ClassVar = ("parameters",)

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Where any are fixed, or left out."""
        frozen = (run.facts.get("model") or {}).get("frozen")
        unstepped = (run.facts.get("loop") or {}).get("unstepped")
        return (cls(),) if frozen or unstepped else ()

    def apply(self, training: Training) -> None:
        """Have them trained."""
        training.unfreeze()
