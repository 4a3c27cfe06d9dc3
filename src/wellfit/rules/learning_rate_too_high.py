"""learning-rate-too-high"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, layers, results
from wellfit.rules.rule import Rule


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
    # looks. Of rate sweeps over twelve networks: up to 0.1 at rates that do well,
    # 0.3 to 1 where a higher one fails
    rise: float = 1.3  # the highest level of the loss against its first value
    grown: float = 10.0  # the same, alone: no longer noise of any kind
    dead: float = 0.9  # of a layer's units, at the end
    undone: float = 0.5  # of what had been won, lost again for good
    strained: float = 10.0  # times the loss of guessing before the first step: then
    # something else was wrong already, and
    elsewhere: float = 0.4  # of the confidence is left
    jump: float = 10.0  # times the gradient of the look before; divergence grows by
    # a factor of 1 to 3 a step
    quiet: int = 20  # steps without harm, and a tenth of the run: then the rate was
    # bearable, unless it was raised

    def check(self, run: Run) -> Finding | NotChecked | None:
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < 2:
            return NotChecked(reason="fewer than 2 steps with a finite loss")
        long = layers.stride(layers.strides(run))
        peak = 0.0 if long is None else float(_steady(long.values).max())
        undone = _undone(loss.values)
        confidence = self._weighed(run, loss.values, peak, undone)
        if confidence == 0:
            return None
        since = self._since(loss, long, undone)
        blamed = (results.strained(run) or 0) > self.strained
        if confidence > 0.6 and (self._late(run, since) or self._burst(run, since)):
            blamed = True
        if blamed:
            confidence *= self.elsewhere
        return self.finding(
            "; ".join(self._said(loss, undone, peak)),
            confidence=confidence,
            severity=self.severity if confidence > 0.5 else Severity.WARNING,
            since=since,
            evidence=_evidence(loss, long),
        )

    def _weighed(
        self, run: Run, loss: curves.Values, peak: float, undone: float
    ) -> float:
        """The confidence; 0 where it is not said."""
        short = results.fell_short(run)
        nothing_won = curves.end(loss).value > 0.9 * abs(float(loss[0]))
        risen = _rise(loss)
        if peak >= self.stride and (short or nothing_won or self._kills(run)):
            guesses = results.standing(run).guesses
            return 0.95 if risen >= self.rise else 0.85 if guesses else 0.0
        if peak >= self.stride and risen >= self.grown:
            return 0.8
        levels = np.array([part.value for part in curves.sections(loss)])
        if short and _rise(np.append(loss[:1], levels)) >= self.grown:
            return 0.8
        return 0.6 if short and undone >= self.undone else 0.0

    def _kills(self, run: Run) -> bool:
        """Whether a layer that lived at first is nearly dead at the end."""
        shares = (s.finite().values for s in run.at("dead_share").values())
        return any(len(s) and s[0] < 0.5 and s[-1] >= self.dead for s in shares)

    def _late(self, run: Run, since: int) -> bool:
        """Whether it began after a long time at the same rate."""
        rate = run.get("learning_rate")
        raised = rate is not None and len(rate) > 1 and rate.values.argmax() > 0
        return since > max(self.quiet, run.last_step // 10) and not raised

    def _burst(self, run: Run, since: int) -> bool:
        """Whether the gradient had jumped where steps became long, at the same rate."""
        norms = run.get("grad_norm")
        if norms is None:
            return False
        before, there = (
            norms.values[norms.steps < since],
            norms.values[norms.steps == since],
        )
        return (
            len(before) > 0
            and len(there) > 0
            and bool(there[0] > self.jump * before[-1])
        )

    def _since(self, loss: Signal, long: Signal | None, undone: float) -> int:
        if long is not None:
            over = np.flatnonzero(long.values >= self.stride)
            if len(over):
                return int(long.steps[over[0]])
        if undone >= self.undone:
            return int(loss.steps[np.argmin(_steady(loss.values))])
        above = np.flatnonzero(loss.values >= self.rise * abs(loss.values[0]))
        return int(loss.steps[above[0]] if len(above) else loss.steps[0])

    def _said(self, loss: Signal, undone: float, peak: float) -> Iterator[str]:
        first, ended = float(loss.values[0]), curves.end(loss.values).value
        if _rise(loss.values) >= self.rise:
            yield f"the loss rose from {first:.3g} to {float(loss.values.max()):.3g}"
        elif undone:
            best = min(part.value for part in curves.sections(loss.values))
            yield f"the loss rose again from {best:.3g} to {ended:.3g}"
        else:
            yield f"the loss went from {first:.3g} to {ended:.3g}"
        if peak >= self.stride:
            yield f"steps changed the weights by {100 * peak:.3g} % of their length"


def _steady(values: curves.Values) -> curves.Values:
    """The running median of three: a single value is not a level."""
    if len(values) < 3:
        return values
    return np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)


def _rise(values: curves.Values) -> float:
    """The highest value against the first."""
    first = abs(float(values[0]))
    return float(values.max()) / first if first > 0 else 0.0


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
    return max(
        plain, float(np.log(ended.value / best.value)) / np.log(first / best.value)
    )


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
