"""non-finite-values"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.core.signals import parse
from wellfit.rules import curves
from wellfit.rules.rule import Rule

# Within a step, in the order in which they are computed.
ORDER = (
    "input_mean",
    "input_std",
    "input_min",
    "input_max",
    "activation_mean",
    "activation_std",
    "output_min",
    "output_max",
    "loss",
    "objective",
    "grad_norm",
    "update_ratio",
    "weight_norm",
)
WORDS = {
    "input": "the inputs",
    "activation": "the activations",
    "output": "the outputs",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NonFiniteValues(Rule):
    """NaN or infinite numbers came up: which were the first, and where.

    ## What it looks at
    Every signal of training and validation. The first step with a value that is NaN or
    infinite is found; within a step the order is that of computation: inputs,
    activations in the order of the layers, outputs, loss, gradients, weights.

    ## Why it hurts
    NaN spreads: one step later it is in every weight, and nothing is learnt any more.

    ## Example
    >>> run = Run.of(loss=[0.7, 0.6, 0.5, float("nan"), float("nan")])
    >>> print(NonFiniteValues().check(run).summary)
    at step 3 the loss is nan; one step before the loss was 0.5, as usual: look for a
    logarithm or a root of zero, or a division by it

    ## How it is told from its look-alikes
    Gradients that overflow now and then under mixed precision are part of it: the
    scaler skips such steps. Where the loss stays finite it is a note. So are inputs
    with NaN that the model evidently deals with.

    ## What helps
    Where the inputs came first, `impute-missing`. Where the loss had grown before,
    `lower-learning-rate` or `clip-gradients`. Else a small constant within the
    logarithm, the root or the division, or a loss that takes logits.

    ## When it is wrong
    Losses that are infinite on purpose for samples that do not count.

    ## References
    Micikevicius et al. (2018), Mixed precision training, for steps that are skipped.
    """

    severity: ClassVar = Severity.CRITICAL
    remedies: ClassVar = ("impute-missing", "clip-gradients", "lower-learning-rate")

    grown: float = 10.0  # times its start: a loss that diverged before it broke
    leapt: float = 100.0  # times the median: a gradient that did, as two orders of
    # magnitude are an explosion (exploding-gradients)

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding on the first value that is not finite."""
        if not any(len(s) for s in run.signals.values()):
            return NotChecked(reason="no numbers were recorded: was anything trained?")
        broken = sorted(_broken(run), key=lambda found: found[:2])
        if not broken:
            return None
        step, _, signal = broken[0]
        severity = self._severity(run, [s for _, _, s in broken])
        after = (
            "; the loss stayed finite"
            if severity is Severity.NOTE
            else self._before(run, step)
        )
        where = parse(signal.name).where
        return self.finding(
            f"at step {step} {_what(signal)}{after}",
            severity=severity,
            confidence=0.7 if severity is Severity.NOTE else 0.99,
            where=[where] if where else [],
            since=step,
            evidence=_evidence(broken),
        )

    def _severity(self, run: Run, broken: list[Signal]) -> Severity:
        """A note where training was not touched, a warning where it recovered."""
        loss = run.get("train/loss")
        touched = {parse(s.name).name for s in broken} & {"weight_norm", "loss"}
        if loss is None or not len(loss):
            return self.severity
        if not touched:
            return Severity.NOTE
        spoilt = "weight_norm" in touched and not _went_back(run, broken)
        mended = not spoilt and np.isfinite(loss.values[-1])
        return (
            Severity.WARNING if mended and not _in_validation(broken) else self.severity
        )

    def _before(self, run: Run, step: int) -> str:
        """What the loss and its gradient did before it broke."""
        until = curves.until_broken(run.get("train/loss"))
        if until is None or until.steps[0] >= step:
            return ""
        last = float(until.values[until.steps < step][-1])
        for what, name, times in (
            ("loss", "train/loss", self.grown),
            ("gradient norm", "train/grad_norm", self.leapt),
        ):
            begun, ended = _ends(run.get(name), step)
            if abs(ended) > times * abs(begun):
                grew = f"had grown from {begun:.3g} to {ended:.3g}"
                return f"; before that the {what} {grew}"
        return (
            f"; one step before the loss was {last:.3g}, as usual: look for a "
            "logarithm or a root of zero, or a division by it"
        )


def _ends(signal: Signal | None, step: int) -> tuple[float, float]:
    """The median of a signal before that step, and its greatest value lately."""
    until = curves.until_broken(signal)
    if until is None or until.steps[0] >= step:
        return 0.0, 0.0
    values = until.values[until.steps < step]
    if until.name == "train/loss":
        return float(values[0]), float(values[-1])
    return float(np.median(values)), float(values[-5:].max())


def _went_back(run: Run, broken: list[Signal]) -> bool:
    """Whether weights that were not finite were put back by `roll-back`."""
    back = [e for e in run.happened("intervention") if e.data["act"] == "rolled-back"]
    weights = [s for s in broken if parse(s.name).name == "weight_norm"]
    return bool(back) and all(np.isfinite(s.values[-1]) for s in weights)


def _in_validation(broken: list[Signal]) -> bool:
    return any(parse(s.name).phase != "train" for s in broken)


def _broken(run: Run) -> Iterator[tuple[int, int, Signal]]:
    """Each signal that breaks, with its first broken step and its order within it."""
    for order, signal in enumerate(_in_order(run)):
        bad = ~np.isfinite(signal.values)
        if parse(signal.name).name == "input_nonfinite":
            bad |= signal.values > 0
        if bad.any():
            yield int(signal.steps[np.argmax(bad)]), order, signal


def _in_order(run: Run) -> list[Signal]:
    def place(signal: Signal) -> tuple[bool, int, bool]:
        phase, name, where = parse(signal.name)
        known = ORDER.index(name) if name in ORDER else len(ORDER)
        first = -1 if name == "input_nonfinite" else known
        return phase != "train", first, not where

    return sorted(run.signals.values(), key=place)


def _what(signal: Signal) -> str:
    phase, name, where = parse(signal.name)
    if name == "input_nonfinite":
        share = float(signal.values[np.argmax(~(signal.values == 0))])
        return f"the inputs have NaN or infinite values ({share:.2%} of a batch)"
    value = signal.values[np.argmax(~np.isfinite(signal.values))]
    words = WORDS.get(name.partition("_")[0])
    rows = {"val": " on validation data", "test": " on test data"}.get(phase, "")
    if words:
        return f"{words}{f' of {where}' if where else ''} are {value:.0f}{rows}"
    named = {"grad_norm": "gradient norm"}.get(name, name.replace("_", " "))
    return f"the {named}{f' of {where}' if where else ''}{rows} is {value:.0f}"


def _evidence(broken: list[tuple[int, int, Signal]]) -> list[Evidence]:
    return [
        Evidence(text=_what(signal), signal=signal.name, step=step)
        for step, _, signal in broken[:5]
    ]
