"""fix-output-loss"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Given, Training
from wellfit.remedies.remedy import Remedy

SQUARES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
ALL = 0.99  # a share that is meant to be all, up to rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class FixOutputLoss(Remedy):
    """Give the loss the kind of outputs it is made for.

    ## What it does
    What a loss of `torch.nn` is given is turned into what it expects, and all else that
    the script does with its outputs stays. Of `probabilities`, cross-entropy and the
    negative log-likelihood get the logarithms, and binary cross-entropy with logits the
    logits. Of raw `scores`, the negative log-likelihood gets log-probabilities, and
    binary cross-entropy probabilities. Outputs that would be `broadcast` against the
    targets get the targets' shape.

    ## What it costs
    Nothing. Losses before and after are not of one scale: judge it by another metric.

    ## When it cannot be applied
    To losses that a script computes by hand.

    ## References
    The documentation of `torch.nn`, for what each loss expects.
    """

    touches: ClassVar = ("loss",)

    given: Given = "probabilities"

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """By what the loss was seen to be given."""
        fact = run.facts.get("objective") or {}
        criterion, outputs = fact.get("criterion"), fact.get("outputs") or {}
        if criterion in SQUARES:
            return (cls(given="broadcast"),)
        within = outputs.get("within_unit", 0.0) >= ALL
        return (cls(given="probabilities" if within else "scores"),)

    def apply(self, training: Training) -> None:
        """Have them turned."""
        training.convert_outputs(self.given)
