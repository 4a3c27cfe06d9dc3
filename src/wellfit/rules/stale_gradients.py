"""stale-gradients"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import harm
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleGradients(Rule):
    """Gradients are not set to zero where they must be: steps follow old ones, or none.

    ## What it looks at
    At the steps that are looked at, whether the gradients of the stepped parameters are
    zero, or none, when the first backward pass of the step begins; and whether they are
    set to zero between the last backward pass and the step. Beside it, how the gradient
    grows, the cosine of successive gradients, and how the run ends.

    ## Why it hurts
    PyTorch adds each backward pass to what is there. Without `zero_grad` a step follows
    the sum of all gradients since the beginning: a momentum that never fades, under
    which the weights swing further and further. With `zero_grad` after the backward
    pass there is nothing to follow, and the weights stay as they are.

    ## Example
    >>> facts = {"loop": {"zeroed": False, "accumulation": 1}}
    >>> run = Run.of({"grad_norm": [1.0, 1.9, 3.1, 5.0, 8.2, 12.0],
    ...               "loss": [2.3, 2.0, 2.4, 2.9, 3.3, 4.0]}, facts=facts)
    >>> print(StaleGradients().check(run).summary)
    gradients are not set to zero before the 1 backward pass of a step: each step adds
    to all before it, and the gradient norm grew 4.3 times

    ## How it is told from its look-alikes
    Accumulation on purpose takes several backward passes for each step, and begins each
    such group with gradients at zero: only what is there before the first of them
    counts. Momentum is in the optimizer, not in the gradients. Gradients of parameters
    that this optimizer does not step (another network's, a frozen body's) do not count.
    Where the run does well all the same it is a warning yet: nobody wants such steps,
    and a longer run, or another rate, will swing.

    ## What helps
    `zero-gradients`: `optimizer.zero_grad()` right before each step's first backward
    pass, and nowhere between that and the step.

    ## When it is wrong
    Loops that shrink old gradients by hand, as a momentum of their own.

    ## References
    PyTorch (2024), Zeroing out gradients in PyTorch; Humbatova et al. (2020), Taxonomy
    of real faults in deep learning systems.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("facts:loop",)
    remedies: ClassVar = ("zero-gradients",)

    share: float = 1.0  # of a simple model's skill: below, something was lost already
    alike: float = 0.5  # cosine of successive gradients. Sums of n and n + 1 gradients
    # that have nothing in common have √(n / (n + 1)): 0.7 from the second step on

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where gradients are kept too long, or not long enough."""
        loop = run.facts["loop"]
        if loop.get("cleared"):
            return self._cleared(run)
        if loop.get("zeroed") is None:
            return NotChecked(
                reason="no gradient was looked at before a backward pass: train for "
                "more steps"
            )
        if loop["zeroed"]:
            return None
        harmed, grown = harm.short_of(run, self.share), _growth(run)
        cosine = _cosine(run)
        passes = int(loop.get("accumulation") or 1)
        said = (
            f"gradients are not set to zero before the {passes} backward pass"
            f"{'es' if passes > 1 else ''} of a step: each step adds to all before it"
        )
        if grown is not None and grown > 1:
            said += f", and the gradient norm grew {grown:.2g} times"
        doubtful = harmed is not True and (cosine is None or cosine < self.alike)
        return self.finding(
            said,
            severity=Severity.WARNING if harmed is False else self.severity,
            confidence=0.6 if doubtful else 0.95,
            since=0,
            evidence=_evidence(run, grown, cosine),
        )

    def _cleared(self, run: Run) -> Finding:
        steps = run.last_step + 1
        return self.finding(
            "gradients are set to zero between the backward pass and the step: none of "
            f"{steps:,} steps had any to follow",
            confidence=0.98,
            since=0,
            evidence=[
                Evidence(
                    text="the optimizer's `zero_grad` came after `backward` and before "
                    "`step`, at most of the steps",
                    value=float(steps),
                )
            ],
        )


def _growth(run: Run) -> float | None:
    """The gradient's norm late in the run over that of its first looks."""
    norm = run.get("grad_norm")
    if norm is None or len(norm := norm.finite()) < 6:
        return None
    begun = float(np.median(norm.values[:3]))
    ended = float(np.median(norm.values[-max(3, len(norm) // 3) :]))
    return ended / begun if begun > 0 else None


def _cosine(run: Run) -> float | None:
    cosine = run.get("grad_cosine")
    if cosine is None or not len(cosine := cosine.finite()):
        return None
    return float(np.median(cosine.values))


def _evidence(
    run: Run, grown: float | None, cosine: float | None
) -> Iterator[Evidence]:
    yield Evidence(
        text="gradients were there before the first backward pass of most steps that "
        "were looked at"
    )
    if grown is not None:
        text = "gradient norm at the end over that of the first looks"
        yield Evidence(text=text, signal="train/grad_norm", value=grown)
    if cosine is not None:
        text = "cosine of successive gradients, in the median"
        yield Evidence(text=text, signal="train/grad_cosine", value=cosine)
