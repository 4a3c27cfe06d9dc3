"""constant-predictions"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import results
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstantPredictions(Rule):
    """The model says the same, whatever comes in.

    ## What it looks at
    For classes, the share of samples that are predicted as the class predicted most
    often; for numbers, the standard deviation of the predictions over that of the
    targets. Both at the end of the run, on validation rows where there are any.

    ## Why it hurts
    A constant is the best answer of a model that its inputs do not reach. Whatever
    score it has is that of the commonest class, or of the mean.

    ## Example
    >>> shares = [0.25] * 4
    >>> counts = {"0": 25, "1": 25, "2": 25, "3": 25}
    >>> facts = {"objective": {"task": "classification", "targets": {"counts": counts}}}
    >>> run = Run.of({"train/top_share": [0.4, 0.9, 1.0, 1.0, 1.0, 1.0]}, facts=facts)
    >>> print(ConstantPredictions().check(run).summary)
    one class is predicted for 100 % of the samples; the commonest has 25 % of them

    ## How it is told from its look-alikes
    A single batch, or a first epoch, may look constant: the end counts, over several
    windows. Where one class is nearly all there is, predicting it nearly always is
    right. Where a simple model does no better than guessing either, the constant is
    the best answer, and it is a note.

    ## What helps
    What helps against its cause, which is mostly found beside it. Else
    `fix-output-loss`, `reinitialize`, `find-learning-rate`.

    ## When it is wrong
    Validation rows that are all of one class.

    ## References
    Karpathy (2019), A recipe for training neural networks: beat an input-independent
    baseline.
    """

    severity: ClassVar = Severity.CRITICAL
    remedies: ClassVar = ("fix-output-loss", "reinitialize", "find-learning-rate")

    share: float = 0.99  # of the samples in one class
    common: float = 0.9  # of the samples are of one class: predicting it is no sign
    spread: float = 0.03  # of the targets' own. At R² r the best fit has √r: 0.1 at 1 %

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where predictions are the same at the end of the run."""
        if results.broke(run):
            return NotChecked(reason=results.BROKEN)
        counts = results.class_counts(run)
        share = _late(run, "top_share")
        spread = _late(run, "spread")
        if share is not None and (trivial := results.trivial_accuracy(run)) is not None:
            if len(counts) == 1 or trivial > self.common or share[1] < self.share:
                return None
            said = (
                f"one class is predicted for {100 * share[1]:.3g} % of the samples; "
                f"the commonest has {100 * trivial:.3g} % of them"
            )
            return self._found(run, said, *share)
        if spread is None:
            return NotChecked(
                reason="predictions were not seen beside their targets: a loss of "
                "`torch.nn` called with both would show them"
            )
        if spread[1] > self.spread:
            return None
        said = f"predictions vary by {100 * spread[1]:.2g} % of what the targets do"
        return self._found(run, said, *spread)

    def _found(self, run: Run, said: str, signal: Signal, value: float) -> Finding:
        vain = results.standing(run).learnable is False
        return self.finding(
            said + ("; a simple model does no better than guessing" if vain else ""),
            severity=Severity.NOTE if vain else self.severity,
            confidence=0.5 if vain else 0.4 if results.withered(run) else 0.95,
            since=_since(signal, value),
            evidence=[
                Evidence(
                    text="at the end",
                    signal=signal.name,
                    step=int(signal.steps[-1]),
                    value=value,
                )
            ],
        )


def _late(run: Run, name: str) -> tuple[Signal, float] | None:
    """The signal, of validation rather than training, and its value at the end."""
    for phase in ("val", "train"):
        signal = run.get(f"{phase}/{name}")
        if signal is not None and len(signal := signal.finite()):
            last = signal.values[-max(1, len(signal) // 5) :]
            return signal, float(np.median(last))
    return None


def _since(signal: Signal, value: float) -> int:
    """The step from which on it was within 1 % of what it is at the end."""
    other = np.flatnonzero(np.abs(signal.values - value) > 0.01)
    return int(signal.steps[min(other[-1] + 1, len(signal) - 1) if len(other) else 0])
