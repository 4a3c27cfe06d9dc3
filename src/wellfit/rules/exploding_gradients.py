"""exploding-gradients"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, results
from wellfit.rules.rule import Rule

LOOKED_BACK_AT = 1000  # values, at most


class Burst(NamedTuple):
    """Gradient norms far above what was usual: since when, and the worst of them."""

    step: int
    norm: float
    usual: float
    sudden: bool  # after many ordinary looks, or within one


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplodingGradients(Rule):
    """Gradient norms jump far above their own past, or begin far too large.

    ## What it looks at
    The global gradient norm (L2, over all parameters, before clipping), against the
    median of all looks before it; a jump counts where the loss then rises above its own
    start. And the first step: whether signals that come in at an ordinary scale leave
    the network so large that the loss is many times that of guessing.

    ## Why it hurts
    One such step can move every weight further than all earlier steps together.

    ## Example
    >>> run = Run.of(grad_norm=[1.0, 1.1, 0.9, 1.0, 250.0, 300.0],
    ...              loss=[2.0, 1.9, 1.8, 1.7, 1.6, 90.0])
    >>> print(ExplodingGradients().check(run).summary)
    gradient norm 300 is 300 times its median over the looks before (1)

    ## How it is told from its look-alikes
    Near the end of a good training gradients are tiny, and a single hard sample makes
    a large ratio: a jump must also exceed the first gradients, and harm the loss.
    Inputs of a large scale make large first gradients: that is `unscaled-inputs`. A
    loss that is a sum has larger gradients from the start, which is no jump.

    ## What helps
    `clip-gradients`; `reinitialize` or `insert-normalization` where they were too large
    from the start; `lower-learning-rate` if clipping then acts on most steps.

    ## When it is wrong
    Losses summed, not averaged, over a batch whose size varies.

    ## References
    Pascanu et al. (2013), On the difficulty of training recurrent neural networks; He
    et al. (2015), Delving deep into rectifiers, for the scale at the start.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("grad_norm",)
    remedies: ClassVar = (
        "clip-gradients",
        "reinitialize",
        "insert-normalization",
        "lower-learning-rate",
    )

    ratio: float = 100.0  # two orders above the run's own median. Healthy runs of
    # bench/trainings: up to 30
    strained: float = 20.0  # times the loss of guessing, before the first step; healthy
    # networks start at 0.7 to 5
    harm: float = 10.0  # times its start, that the loss must rise where all ends well
    looks: int = 15  # before the jump: after so many it came out of nothing
    jump: float = 10.0  # times the look before; divergence grows by 1 to 3 a step
    ordinary: float = 20.0  # inputs of a scale up to this are not to blame for it

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where gradients jump, or begin far too large."""
        norms = run.signal("grad_norm").finite()
        strained = results.strained(run) or 0.0
        if strained >= self.strained and self._ordinary_inputs(run) and len(norms):
            return self.finding(
                f"the first loss was {strained:.2g} times that of guessing, from "
                "inputs of an ordinary scale: the gradient norm began at "
                f"{norms.values[0]:.3g}",
                confidence=0.95 if strained >= 5 * self.strained else 0.85,
                since=0,
                evidence=[_evidence(norms, 0)],
            )
        if len(norms) < 3:
            return NotChecked(
                reason="fewer than 3 looks at finite gradients: train longer, or look "
                "at every step with `--every 1`"
            )
        burst = self._burst(norms)
        if burst is None or not self._harmful(run, burst.step):
            return None
        clipped = _is_clipped(run) and not results.fell_short(run)
        return self.finding(
            f"gradient norm {burst.norm:.3g} is {burst.norm / burst.usual:.3g} times "
            f"its median over the looks before ({burst.usual:.3g})",
            severity=Severity.NOTE if clipped else self.severity,
            confidence=0.9 if burst.sudden else 0.75,
            since=burst.step,
            evidence=[_evidence(norms, int(np.argmax(norms.values)))],
        )

    def _burst(self, norms: Signal) -> Burst | None:
        """The norm that is furthest above what was usual, where that is far enough."""
        values = norms.values
        first = float(values[np.argmax(values > 0)])  # dead layers have none
        # Tiny gradients at the end of a good training are no measure.
        usual = _so_far(values)[1:]
        usual = np.maximum(usual, max(first / 10, np.finfo(np.float64).tiny))
        ratios = values[1:] / usual
        over = np.flatnonzero(ratios >= self.ratio)
        if not len(over):
            return None
        worst, onset = int(np.argmax(ratios)) + 1, int(over[0]) + 1
        leapt = values[onset] >= self.jump * values[onset - 1]
        began = int(np.argmax(ratios >= self.jump)) + 1
        return Burst(
            step=int(norms.steps[began]),
            norm=float(values[worst]),
            usual=float(usual[worst - 1]),
            sudden=bool(leapt) or onset >= self.looks,
        )

    def _harmful(self, run: Run, step: int) -> bool:
        """Whether the loss then broke or rose far, or rose in a run that did poorly."""
        loss = run.get("train/loss")
        if loss is None:
            return True
        after, first = loss.values[loss.steps >= step], float(loss.values[0])
        if not np.all(np.isfinite(after)):
            return True
        bar = 1.0 if results.fell_short(run) else self.harm
        return float(after.max(initial=first)) - first > bar * abs(first)

    def _ordinary_inputs(self, run: Run) -> bool:
        inputs = run.facts.get("inputs", {})
        scales = ("feature_mean_min", "feature_mean_max", "feature_std_max")
        return all(abs(inputs.get(s) or 0.0) <= self.ordinary for s in scales)


def _is_clipped(run: Run) -> bool:
    """Whether gradients are clipped: a limit of infinity is only there to measure."""
    clipping = run.facts.get("clipping") or {}
    return bool(np.isfinite(clipping.get("limit", np.inf)))


def _so_far(values: curves.Values) -> curves.Values:
    """The median of all values before each; of many, of every so manieth before it."""
    apart = -(-len(values) // LOOKED_BACK_AT)
    few = values[::apart]
    medians = np.array([np.median(few[: max(1, i)]) for i in range(len(few))])
    return np.repeat(medians, apart)[: len(values)]


def _evidence(norms: Signal, place: int) -> Evidence:
    return Evidence(
        text="gradient norm",
        signal="train/grad_norm",
        step=int(norms.steps[place]),
        value=float(norms.values[place]),
    )
