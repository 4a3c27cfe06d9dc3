"""output-loss-mismatch"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule

CLASSES = ("cross_entropy", "nll_loss")
BITS = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
NUMBERS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
SIGNS = ("soft_margin_loss", "hinge_embedding_loss")
LOGS = ("kl_div",)
SHARES = ("categorical_crossentropy", "binary_cross_entropy")


class Objective(NamedTuple):
    """The fact of that name, and the activation that the model ends in."""

    criterion: str
    outputs: Mapping[str, float]
    targets: Mapping[str, Any]
    output_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    broadcast: bool
    last: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputLossMismatch(Rule):
    """The loss does not get the kind of outputs, or of targets, that it is made for.

    ## What it looks at
    What the loss function was called with: the range of the outputs, whether their
    rows sum to one, both shapes, the range of the targets, and the activation that the
    model ends in.

    ## Why it hurts
    Nothing fails, and the curves look like a hard problem. `cross_entropy` on
    probabilities applies softmax twice and cannot become small; outputs that compare
    with every target by broadcasting learn the mean; a ReLU cannot say −1.

    ## Example
    >>> facts = {"objective": {
    ...     "criterion": "cross_entropy", "output_shape": [32, 10],
    ...     "outputs": {"rows_sum_to_one": 1.0, "within_unit": 1.0}}}
    >>> print(OutputLossMismatch().check(Run.of(facts=facts)).summary)
    cross_entropy gets probabilities (100 % of the rows sum to 1), and applies softmax
    to them once more

    ## How it is told from its look-alikes
    Logits that are small at first lie within [0, 1] by half only, probabilities all.
    Log-probabilities are fine with `cross_entropy`, as they are what it makes. Shapes
    that differ and hold the same numbers are fine too. Probabilities are where Keras's
    crossentropies expect them, unless `from_logits` is set.

    ## What helps
    `fix-output-loss`: leave out the last activation, take the loss that fits it, or
    bring both to one shape.

    ## When it is wrong
    A loss from the library used as a part of something else.

    ## References
    The documentation of `torch.nn`, for what each loss expects; Goodfellow et al.
    (2016), Deep learning, section 6.2.2, for output units and their losses.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("facts:objective",)
    remedies: ClassVar = ("fix-output-loss",)

    all_of: float = 0.99  # a share that is meant to be all, up to rounding
    ends: float = 0.1  # of [0, 1]: sigmoids under this loss pass 0.9 within some steps
    near: float = 0.02  # how close to its bound an output comes that is held back by it
    outside: float = 1.5  # standard deviations of the targets, about two thirds of them

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding on the first thing that does not fit."""
        fact = run.facts["objective"]
        if fact.get("criterion", "backward") == "backward":
            return NotChecked(
                reason="the loss is computed by hand, in a way that is not known: a "
                "loss of `torch.nn` would show its inputs"
            )
        if "outputs" not in fact:
            return NotChecked(
                reason="what the loss was given was not looked at: train for more steps"
            )
        objective = _objective(run)
        looks: tuple[Callable[[Objective], tuple[str, float] | None], ...] = (
            _broadcast,
            _one_class,
            self._twice,
            self._not_logs,
            self._not_shares,
            _impossible_targets,
            self._bounded,
        )
        found = [said for look in looks if (said := look(objective)) is not None]
        if not found:
            return None
        summary, confidence = found[0]
        return self.finding(
            summary, confidence=confidence, since=0, evidence=_evidence(objective)
        )

    def _twice(self, given: Objective) -> tuple[str, float] | None:
        """Probabilities where logits are expected."""
        inside = given.outputs.get("within_unit", 0.0) >= self.all_of
        sums = given.outputs.get("rows_sum_to_one", 0.0) >= self.all_of
        if given.criterion == "cross_entropy" and inside and sums:
            rows = (
                f"{100 * given.outputs['rows_sum_to_one']:.3g} % of the rows sum to 1"
            )
            said = f"cross_entropy gets probabilities ({rows}), and applies softmax"
            return f"{said} to them once more", 0.97
        if given.criterion != "binary_cross_entropy_with_logits":
            return None
        if inside and (given.last == "sigmoid" or self._pressed(given)):
            said = (
                f"{given.criterion} gets outputs within [0, 1], and applies a sigmoid"
            )
            return f"{said} once more", 0.97 if given.last else 0.85
        if given.last in ("relu", "tanh"):
            held = "0 and above" if given.last == "relu" else "within [-1, 1]"
            return f"{given.criterion} gets outputs of a {given.last}: {held}", 0.9
        return None

    def _pressed(self, given: Objective) -> bool:
        """Whether outputs of an unknown kind come close to an end of [0, 1].

        That loss drives a sigmoid to its ends. Logits that are small and positive by
        chance, as those of a discriminator that cannot tell, keep away from them.
        """
        low, high = given.outputs.get("min", 0.0), given.outputs.get("max", 1.0)
        near = low < self.ends or high > 1 - self.ends
        return given.last is None and bool(near)

    def _not_logs(self, given: Objective) -> tuple[str, float] | None:
        """Scores or probabilities where log-probabilities are expected."""
        if given.criterion not in (*LOGS, "nll_loss"):
            return None
        if given.outputs.get("nonpositive", 1.0) >= self.all_of:
            return None
        sums = given.outputs.get("rows_sum_to_one", 0.0) >= self.all_of
        what = "probabilities" if sums else "raw scores"
        most = given.outputs.get("max", np.nan)
        said = f"{given.criterion} expects log-probabilities, and gets {what}"
        return f"{said} of up to {most:.3g}", 0.97

    def _not_shares(self, given: Objective) -> tuple[str, float] | None:
        """Raw scores where probabilities are expected; the rest is cut off."""
        if given.criterion not in SHARES or given.outputs.get("within_unit", 1.0) == 1:
            return None
        low, high = given.outputs.get("min", np.nan), given.outputs.get("max", np.nan)
        if low >= -self.near and high <= 1 + self.near:  # rounded
            return None
        said = f"{given.criterion} expects probabilities, and gets raw scores"
        return f"{said} of {low:.3g} to {high:.3g}", 0.97

    def _bounded(self, given: Objective) -> tuple[str, float] | None:
        """An activation at the end that cannot reach the targets."""
        if given.criterion not in NUMBERS or not given.outputs:
            return None
        low, high = given.outputs.get("min", -np.inf), given.outputs.get("max", np.inf)
        kind = given.last if given.last in BOUNDS else self._held(low, high)
        if kind is None:
            return None
        least, most = BOUNDS[kind]
        mean, std = given.targets.get("mean", 0.0), given.targets.get("std", 0.0)
        beyond_low = given.targets.get("min", 0.0) < least - self.near
        beyond_high = given.targets.get("max", 0.0) > most + self.near
        often_low = beyond_low and mean - self.outside * std < least
        often_high = beyond_high and mean + self.outside * std > most
        if not (often_low or often_high):
            return None
        said = (
            f"the outputs stay within [{least:g}, {most:g}] ({kind}), and the targets "
            f"go from {given.targets['min']:.3g} to {given.targets['max']:.3g}"
        )
        return said, 0.97 if given.last == kind else 0.8

    def _held(self, low: float, high: float) -> str | None:
        """The activation whose bounds the outputs come close to and never pass."""
        if low == 0.0:
            return "relu"
        furthest = max(high, -low)
        if not 1 - self.near < furthest <= 1:
            return None
        return "sigmoid" if low > 0 else "tanh" if low < -self.near else None


BOUNDS = {"relu": (0.0, np.inf), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def _objective(run: Run) -> Objective:
    fact = run.facts["objective"]
    layers = run.facts.get("model", {}).get("layers") or [{}]
    return Objective(
        criterion=fact["criterion"],
        outputs=fact.get("outputs", {}),
        targets=fact.get("targets", {}),
        output_shape=tuple(fact.get("output_shape") or ()),
        target_shape=tuple(fact.get("target_shape") or ()),
        broadcast=bool(fact.get("broadcast", False)),
        last=layers[-1].get("activation"),
    )


def _broadcast(given: Objective) -> tuple[str, float] | None:
    """More comparisons than outputs or targets: each with each."""
    if not given.broadcast or not given.output_shape or not given.target_shape:
        return None
    both = np.broadcast_shapes(given.output_shape, given.target_shape)
    if prod(both) <= max(prod(given.output_shape), prod(given.target_shape)):
        return None
    said = (
        f"{given.criterion} compares outputs of shape {given.output_shape} with "
        f"targets of shape {given.target_shape}: every output with every target"
    )
    return said, 0.99


def _one_class(given: Objective) -> tuple[str, float] | None:
    if given.criterion not in CLASSES or len(given.output_shape) < 2:
        return None
    if given.output_shape[1] != 1:
        return None
    return f"{given.criterion} gets one output: its softmax is always 1", 0.99


def _impossible_targets(given: Objective) -> tuple[str, float] | None:
    """Targets outside of what the loss is defined for."""
    low, high = given.targets.get("min", 0.0), given.targets.get("max", 0.0)
    expected = {
        **dict.fromkeys(BITS, (low < 0 or high > 1, "[0, 1]")),
        **dict.fromkeys(SIGNS, (low == 0, "-1 and 1")),
    }
    wrong, range_ = expected.get(given.criterion, (False, ""))
    if not wrong:
        return None
    said = f"{given.criterion} expects targets of {range_}, and gets"
    return f"{said} {low:.3g} to {high:.3g}", 0.97


def _evidence(given: Objective) -> list[Evidence]:
    shown = {
        "shape of the outputs": given.output_shape,
        "shape of the targets": given.target_shape,
        "range of the outputs": _range(given.outputs),
        "range of the targets": _range(given.targets),
        "last activation": given.last,
    }
    return [Evidence(text=f"{what}: {value}") for what, value in shown.items() if value]


def _range(of: Mapping[str, Any]) -> str | None:
    return f"{of['min']:.3g} to {of['max']:.3g}" if {"min", "max"} <= set(of) else None
