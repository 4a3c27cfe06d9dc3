"""learning-rate-too-low"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, layers, results, schedules
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningRateTooLow(Rule):
    """Steps are so short that the weights cannot get anywhere in this run.

    ## What it looks at
    The length of each step against the length of the weights, summed over the run:
    how far the weights could have come at most. The layer that moved furthest counts.
    And whether a schedule brought the rate to nearly nothing for most of the run.

    ## Why it hurts
    Weights that end within a tenth of where they began know little more than they did
    at the start. The run's time is spent, and its result is that of its beginning.

    ## Example
    >>> slow = {"update_ratio@fc": {0: 1e-5, 500: 1e-5, 999: 1e-5}}
    >>> run = Run.of(slow, loss=list(np.linspace(2.3, 2.25, 1000)))
    >>> print(LearningRateTooLow().check(run).summary)
    in 1000 steps the weights could move by 1 % of their length at most (0.001 % a
    step)

    ## How it is told from its look-alikes
    Fine-tuning with a tiny rate that does what can be done is left alone. A few steps
    of ordinary length are `undertrained`. Where gradients vanish, at least the last
    layers move. A warm-up that the run did not outlast cannot be judged.

    ## What helps
    `raise-learning-rate`, `find-learning-rate`; `switch-optimizer` to one that adapts.

    ## When it is wrong
    Weights that are very large to begin with, of which a small part is what matters.

    ## References
    Bengio (2012), Practical recommendations for gradient-based training of deep
    architectures; Goh et al. and others since use update ratios of about 1e-3 a step.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("train/loss", "update_ratio@*")
    remedies: ClassVar = (
        "raise-learning-rate",
        "find-learning-rate",
        "switch-optimizer",
    )

    travel: float = 0.5  # lengths of their own that weights could move. Healthy runs
    # from fresh weights in rate sweeps: 0.6 and above
    stride: float = 1e-3  # of their length a step: the field's rule of thumb
    strained: float = 10.0  # times the loss of guessing before the first step: then
    # the weights are too large rather than the steps too short
    steps: int = 20  # fewer do not show what a rate does
    died: float = 0.01  # of its highest, for most of the run: a cosine is there for its
    # last 6 %, two cuts to a tenth for the last third

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the weights could not get anywhere."""
        unclear = self._unclear(run)
        if unclear is not None or not results.fell_short(run):
            return unclear
        if schedules.dead(run, 0, run.last_step, self.died):
            return self._dead(run)
        return self._short(run, layers.strides(run))

    def _unclear(self, run: Run) -> NotChecked | None:
        """Why it cannot be judged."""
        if results.broke(run):
            return NotChecked(reason=results.BROKEN)
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or run.last_step + 1 < self.steps:
            return NotChecked(reason=f"fewer than {self.steps} steps: train longer")
        if _warming(run):
            return NotChecked(
                reason="the learning rate was still being raised: train until the "
                "warm-up is over"
            )
        return None

    def _short(self, run: Run, ratios: dict[str, Signal]) -> Finding | None:
        """The steps were too short to get the weights anywhere."""
        if not ratios:
            return None
        steps = run.last_step + 1
        moved = {t: layers.travel(s, run) for t, s in ratios.items()}
        furthest = max(moved, key=lambda tensor: moved[tensor])
        stride = moved[furthest] / steps
        if (
            moved[furthest] == 0
            or moved[furthest] > self.travel
            or stride > self.stride
        ):
            return None
        return self.finding(
            f"in {steps} steps the weights could move by {100 * moved[furthest]:.3g} % "
            f"of their length at most ({100 * stride:.2g} % a step)",
            confidence=self._weighed(moved[furthest], stride)
            / (2 if (results.strained(run) or 0) > self.strained else 1),
            since=0,
            evidence=[
                Evidence(
                    text="share of the weights a step, in the layer that moved most",
                    signal=ratios[furthest].name,
                    step=int(ratios[furthest].steps[-1]),
                    value=float(np.median(ratios[furthest].values)),
                )
            ],
        )

    def _dead(self, run: Run) -> Finding:
        """The schedule ended the training long before the run ended."""
        rate = run.signal("learning_rate").finite()
        highest = float(rate.values.max())
        low = rate.steps[(rate.values < self.died * highest) & (rate.steps > 0)]
        since = int(low[0]) if len(low) else 0
        return self.finding(
            f"the learning rate fell below {100 * self.died:g} % of its highest "
            f"({highest:.3g}) by step {since} of {run.last_step + 1}",
            confidence=0.85,
            since=since,
            evidence=[
                Evidence(
                    text="learning rate at the end",
                    signal=rate.name,
                    step=int(rate.steps[-1]),
                    value=rate.last,
                )
            ],
        )

    def _weighed(self, moved: float, stride: float) -> float:
        """The surer, the shorter the way, and the shorter the single step."""
        if moved < 0.2 * self.travel and stride < 0.3 * self.stride:
            return 0.95
        return 0.8 if stride < 0.3 * self.stride else 0.6


def _warming(run: Run) -> bool:
    """Whether the rate was still being raised when the run ended."""
    rate = run.get("learning_rate")
    if rate is None or len(rate) < 3:
        return False
    lately = rate.steps[-1] >= 0.9 * run.last_step
    return bool(lately and rate.values[-1] == rate.values.max() > rate.values[-2])
