"""switch-optimizer"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import OptimizerKind, Training
from wellfit.remedies.remedy import Remedy

ADAPTIVE = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "Adamax"})
USUAL = 1e-3  # of Adam and its kin, whatever they train: Kingma and Ba
OF_MOMENTUM = 0.01  # a tenth of what He et al. (2016) take, whose networks have norms


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchOptimizer(Remedy):
    """Take another optimizer, such as AdamW.

    ## What it does
    Another optimizer takes the steps of the script's: on the same parameters, with the
    same groups, the same weight decay and, where both have them, the same betas; all
    else is as PyTorch has it. `sgd-momentum` has a momentum of 0.9. The rates are
    multiplied, so that the largest that the script begins with is `rate`: rates of one
    optimizer mean nothing to another. Schedules of the script go on, and make the same
    shares of it. The state of the new one is that of the old: checkpoints have it.

    ## What it costs
    Memory: two numbers for each weight with Adam and AdamW, one with the others.

    ## When it cannot be applied
    To optimizers without a learning rate. One of the same kind stays as it is, with its
    own rate.

    ## References
    Kingma and Ba (2015), Adam; Loshchilov and Hutter (2019), Decoupled weight decay
    regularization, for AdamW; Choi et al. (2019), On empirical comparisons of
    optimizers for deep learning: each needs its own rate.
    """

    touches: ClassVar = ("optimizer", "learning_rate", "momentum")

    to: OptimizerKind = "adamw"
    rate: float = USUAL

    def __post_init__(self) -> None:
        if not (self.rate > 0 and isfinite(self.rate)):
            raise BadSetting(f"rate must be above 0; got {self.rate:g}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """AdamW; for what has it, or its like, SGD with momentum."""
        kind = (run.facts.get("optimizer") or {}).get("kind")
        if kind is None:
            return ()
        if kind in ADAPTIVE:
            return (cls(to="sgd-momentum", rate=OF_MOMENTUM),)
        return (cls(to="adamw", rate=USUAL),)

    def apply(self, training: Training) -> None:
        """Have it take the steps."""
        training.switch_optimizer(self.to, self.rate)
