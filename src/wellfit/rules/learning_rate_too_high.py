"""learning-rate-too-high"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, layers, results
from wellfit.rules.rule import Rule


class Signs(NamedTuple):
    """What the steps and the loss did; of the loss in multiples of its first value."""

    stride: float  # the longest steps, in lengths of the weights
    highest: float  # value of the loss
    level: float  # the highest that it had for a twentieth of the run
    last: float
    undone: float  # of what had been won, the share that was lost again
    since: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningRateTooHigh(Rule):
    """Steps are so long that they undo each other, or throw the weights away.

    ## What it looks at
    The length of a step against the length of the weights, by layer, and what the loss
    does: whether it rises above its own start, ends there, or loses again most of what
    it had won. It is said only where the run did worse than it could have, where a
    layer died, or where the loss rose to ten times its start.

    ## Why it hurts
    A step that changes weights by half their length does not correct what they know,
    it replaces it. Beyond 2 / curvature, gradient descent climbs.

    ## Example
    >>> loss = [1.0, 3.0, 9.0, 30.0, 80.0, 250.0, 700.0, 2000.0]
    >>> run = Run.of({"update_ratio@fc": [0.9] * 8}, loss=loss)
    >>> print(LearningRateTooHigh().check(run).summary)
    the loss rose from 1 to 2e+03; steps changed the weights by 90 % of their length

    ## How it is told from its look-alikes
    Noise of small batches goes up and down and does not stay above the start. Long
    first steps from weights near zero do no harm. Where the loss was far above that of
    guessing before the first step, inputs or initialisation are to blame; where all
    went well for long at the same rate, rather `exploding-gradients`. The confidence
    is low then.

    ## What helps
    `lower-learning-rate`, `find-learning-rate`; `warm-up` where only the start is
    rough; `clip-gradients` where few steps do the damage.

    ## When it is wrong
    Losses that are meant to rise: of an opponent, or of a task that gets harder.

    ## References
    LeCun et al. (1998), Efficient backprop; Cohen et al. (2021), Gradient descent on
    neural networks typically occurs at the edge of stability.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("train/loss",)
    remedies: ClassVar = (
        "lower-learning-rate",
        "find-learning-rate",
        "warm-up",
        "clip-gradients",
    )

    stride: float = 0.2  # of the weights' length, in the layer in the middle, for three
    # looks. Of rate sweeps over twelve networks: up to 0.1 at rates that do well, 0.3
    # to 1 where a higher one fails. Healthy runs of bench/trainings: up to 0.19, and
    # 0.33 where weights began at zero
    rise: float = 1.3  # the highest level of three losses against the first: of a small
    # batch one may be anything
    grown: float = 10.0  # the same, where it is the only sign: no noise of any kind
    reached: float = 0.97  # of what a simple model does: less, and something is wrong
    dead: float = 0.9  # of a layer's units, at the end
    undone: float = 0.5  # of what had been won, lost again for good
    strained: float = 10.0  # times the loss of guessing before the first step: then
    # something else was wrong already, and
    elsewhere: float = 0.4  # of the confidence is left
    jump: float = 10.0  # times the gradient of the look before: another sign of it, as
    # divergence grows by a factor of 1 to 3 a step
    quiet: int = 20  # steps without harm, and a tenth of the run: one more, as the rate
    # was bearable so far

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where steps are violent, or the loss rises for good."""
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < 2:
            return NotChecked(
                reason="fewer than 2 steps with a finite loss: train longer, and see "
                "`non-finite-values`"
            )
        long = layers.stride(layers.strides(run))
        seen = self._signs(run, loss, long)
        if run.at("train/loss"):  # of other optimizers: what one wins, another may lose
            seen = seen._replace(undone=0.0)
        confidence = self._weighed(run, seen)
        if confidence == 0:
            return None
        if self._blames_another(run, seen):
            confidence *= self.elsewhere
        return self.finding(
            "; ".join(self._said(loss, seen)),
            confidence=confidence,
            severity=self.severity if confidence > 0.5 else Severity.WARNING,
            since=seen.since,
            evidence=_evidence(loss, long),
        )

    def _signs(self, run: Run, loss: Signal, long: Signal | None) -> Signs:
        values = loss.values
        # A first batch that is better than guessing was an easy one.
        unit = max(abs(float(values[0])), results.trivial_loss(run) or 0.0) or np.inf
        levels = [part.value for part in curves.sections(values)]
        undone = _undone(values)
        stride = 0.0 if long is None else float(_steady(long.values).max())
        violent = loss.steps[:0]
        if long is not None:
            violent = long.steps[long.values >= self.stride]
        above = loss.steps[values >= self.rise * unit]
        if len(violent):
            since = violent[0]
        elif undone >= self.undone:
            since = loss.steps[np.argmin(_steady(values))]
        else:
            since = above[0] if len(above) else loss.steps[0]
        return Signs(
            stride=stride,
            highest=float(_steady(values).max()) / unit,
            level=max(levels) / unit,
            last=curves.end(values).value / unit,
            undone=undone,
            since=int(since),
        )

    def _weighed(self, run: Run, seen: Signs) -> float:
        """The confidence; 0 where it is not said."""
        if seen.stride >= self.stride:
            short = results.fell_short(run, self.reached) or self._kills(run)
            if short or seen.last > 0.9:
                guesses = results.standing(run).guesses
                return 0.95 if seen.highest >= self.rise else 0.85 if guesses else 0.0
            if seen.highest >= self.grown:
                return 0.8
        if not results.fell_short(run):
            return 0.0
        if seen.level >= self.grown:
            return 0.8
        return 0.6 if seen.undone >= self.undone else 0.0

    def _kills(self, run: Run) -> bool:
        """Whether a layer that lived at first is nearly dead at the end."""
        shares = (s.finite().values for s in run.at("dead_share").values())
        return any(len(s) and s[0] < 0.5 and s[-1] >= self.dead for s in shares)

    def _blames_another(self, run: Run, seen: Signs) -> bool:
        """Whether it began before the first step, or later out of nothing."""
        if (results.strained(run) or 0.0) > self.strained:
            return True
        if seen.stride < self.stride and seen.level < self.grown:
            return False
        rate = run.get("learning_rate")
        raised = rate is not None and len(rate) > 1 and rate.values.argmax() > 0
        late = seen.since > max(self.quiet, run.last_step // 10) and not raised
        return late or self._leapt(run.get("grad_norm"), seen.since)

    def _leapt(self, norms: Signal | None, since: int) -> bool:
        """Whether the gradient had jumped where the steps became long."""
        if norms is None:
            return False
        before = norms.values[norms.steps < since]
        there = norms.values[norms.steps == since]
        if not len(before) or not len(there):
            return False
        return bool(there[0] > self.jump * before[-1])

    def _said(self, loss: Signal, seen: Signs) -> Iterator[str]:
        first, ended = float(loss.values[0]), curves.end(loss.values).value
        if seen.highest >= self.rise:
            yield f"the loss rose from {first:.3g} to {float(loss.values.max()):.3g}"
        elif seen.undone:
            best = min(part.value for part in curves.sections(loss.values))
            yield f"the loss rose again from {best:.3g} to {ended:.3g}"
        else:
            yield f"the loss went from {first:.3g} to {ended:.3g}"
        if seen.stride >= self.stride:
            length = f"{100 * seen.stride:.3g} %"
            yield f"steps changed the weights by {length} of their length"


def _steady(values: curves.Values) -> curves.Values:
    """The running median of three: a single value is not a level."""
    if len(values) < 3:
        return values
    return np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)


def _undone(values: curves.Values) -> float:
    """Of what the loss had won at its best, the share that is lost at the end.

    In the loss or, if that is more and the loss is positive, in its logarithm: what
    was won last is small in numbers.
    """
    if len(values) < 20:
        return 0.0
    parts, ended = curves.sections(values), curves.end(values)
    best = min(parts, key=lambda part: part.value)
    first = float(values[0])
    if not ended.above(best, sigmas=6.0) or first - best.value <= 6 * best.error:
        return 0.0
    plain = (ended.value - best.value) / (first - best.value)
    if best.value <= 0:
        return plain
    ratios = np.log([ended.value / best.value, first / best.value])
    return max(plain, float(ratios[0] / ratios[1]))


def _evidence(loss: Signal, long: Signal | None) -> Iterator[Evidence]:
    worst = int(np.argmax(loss.values))
    yield Evidence(
        text="highest loss",
        signal="train/loss",
        step=int(loss.steps[worst]),
        value=float(loss.values[worst]),
    )
    if long is not None:
        longest = int(np.argmax(long.values))
        yield Evidence(
            text="longest step, in lengths of the weights",
            signal="train/update_ratio",
            step=int(long.steps[longest]),
            value=float(long.values[longest]),
        )
