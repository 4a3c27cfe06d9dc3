"""undertrained"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import curves, layers, results
from wellfit.rules.rule import Rule

LASTING = 0.995  # the most that a round is believed to keep of the one before
STEADY = 0.2  # of the whole fall, in the last half: see `steady` below
TRAVEL = 0.7  # lengths of their own that weights could move. Healthy runs from fresh
# weights: 0.85 and above, where one layer is a lookup table 0.3
GOING = 0.15  # of the validation loss that is left, still won in the last half
SLIGHT = 0.05  # of it: less is not worth going on for
LEAST = 0.01  # of the loss at the start: less has not begun to fall
BARELY_BEGUN = 30  # steps, however long they are
FEW = 100  # steps, in which a loss need not have begun to fall
STRIDE = 3e-4  # of their length a step; below it the rate is to blame


@dataclass(frozen=True, kw_only=True, slots=True)
class Undertrained(Rule):
    """Training stopped while the model was still getting better at full speed.

    ## What it looks at
    Two things: how far the loss still fell within the last half of the run, against
    its fall over the whole run; and how far the weights could have moved, the length
    of each step summed. It is said where the score is short of what a simple model
    reaches, and validation was not getting worse; and, whatever was reached, where the
    validation loss fell in a straight line to the end.

    ## Why it hurts
    The model could have been better for nothing but time.

    ## Example
    >>> run = Run.of(loss=[2.3 - 0.01 * step for step in range(60)])
    >>> print(Undertrained().check(run).summary)
    training stopped after 60 steps while the loss still fell at full speed: by 0.29
    in the last half, of 0.56 in all

    ## How it is told from its look-alikes
    Noise: the fall must exceed it. A network that has bent and creeps on is nearly
    done. One that does what can be done is done, however its loss creeps. Where steps
    are so short that the whole run is a straight line, `learning-rate-too-low` is the
    cause.

    ## What helps
    `train-longer`; `raise-learning-rate` or `find-learning-rate` where the steps are
    short as well, and `switch-optimizer` where plain steps make little of them.

    ## When it is wrong
    A trial that was stopped on purpose.

    ## References
    Viering and Loog (2023), The shape of learning curves: a review.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("train/loss",)
    remedies: ClassVar = (
        "train-longer",
        "raise-learning-rate",
        "find-learning-rate",
        "switch-optimizer",
    )

    steady: float = STEADY  # of the whole fall, in the last half of the run: a straight
    # line has 0.5; networks that have bent, and 2 % noise on a plateau, have 0.07
    steady_unknown: float = 0.4  # where no score tells how far the loss can fall
    barely: float = 2.0  # lengths of their own that weights could move, where nothing
    # else is wrong: twice the way there and back
    straight: float = 0.42  # of the validation loss's fall since guessing, in the last
    # half: a straight line has 0.5. It did not bend, whatever was reached until then
    halved: float = 0.5  # of the last validation loss, by which it then still fell
    nearly: float = 0.9  # of skill: what is left is little, however it falls
    steps: int = 12  # fewer show no trend
    rounds: int = 4  # of boosting, whose curves have next to no noise
    left: float = 0.15  # of what was won, that further rounds would bring

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the loss falls on at full speed, or training hardly began."""
        return self._rounds(run) or self._by_steps(run)

    def _by_steps(self, run: Run) -> Finding | NotChecked | None:
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < self.steps:
            return NotChecked(reason=f"fewer than {self.steps} steps: train longer")
        if results.broke(run):
            return NotChecked(reason=results.BROKEN)
        best = results.standing(run).best
        if best is not None and best.value >= self.nearly:
            return None
        falls = falls_on(run, self.steady_unknown if best is None else self.steady)
        early = is_early(run)
        if not results.fell_short(run) and not (falls and early):
            return self._improving(run)
        if not (falls or early):
            return None
        return self.finding(
            self._said(run, loss.values, falls, early),
            confidence=0.9 if falls and early else 0.8 if falls else 0.6,
            since=int(loss.steps[len(loss) // 2]),
            evidence=_evidence(run),
        )

    def _said(self, run: Run, loss: curves.Values, falls: bool, early: bool) -> str:
        said = f"training stopped after {run.last_step + 1} steps"
        whole = curves.start(loss).value - curves.end(loss).value
        if falls:
            fall = curves.falling(loss).value
            said += (
                f" while the loss still fell at full speed: by {fall:.2g} in the last "
                f"half, of {whole:.2g} in all"
            )
        if early:
            said += (
                f"{', and' if falls else ':'} the weights could move by "
                f"{100 * reach(run):.2g} % of their length at most"
            )
        return said

    def _rounds(self, run: Run) -> Finding | None:
        """Of boosting: what further rounds would bring, by how the last ones did.

        Each round brings a share of what the one before it brought; the rest of such a
        series is known.
        """
        val = curves.until_broken(run.get("val/loss"))
        model = run.facts.get("model", {})
        if model.get("gradients") is not False or val is None or len(val) < self.rounds:
            return None
        gains = -np.diff(val.values)
        third = max(1, len(gains) // 3)
        early, late = float(gains[:third].mean()), float(gains[-third:].mean())
        noise = float(gains[-third:].std()) / third**0.5 if third > 1 else 0.0
        if early <= 0 or late <= 2 * noise:
            return None
        ratio = min((late / early) ** (1 / max(1, len(gains) - third)), LASTING)
        left, won = late * ratio / (1 - ratio), float(val.values[0] - val.last)
        guess = results.trivial_loss(run)
        won = max(won, 0.0 if guess is None else guess - val.last)
        if left < self.left * won:
            return None
        return self.finding(
            f"boosting stopped after {len(val)} rounds, the last of which still won "
            f"{late:.2g} of validation loss each: as they fall off, about {left:.2g} "
            f"more could be had, beside {won:.2g} so far",
            confidence=0.75,
            since=int(val.steps[-1]),
            evidence=_evidence(run),
        )

    def _improving(self, run: Run) -> Finding | None:
        """Validation got better until the end, in a run that did well enough."""
        val = curves.until_broken(run.get("val/loss"))
        if val is None or len(val) < 6:
            return None
        fall, last = curves.falling(val.values), abs(float(val.values[-1]))
        whole = float(val.values[0] - val.values.min())
        begun = max(float(val.values[0]), results.trivial_loss(run) or -inf)
        straight = fall.value >= max(
            self.straight * (begun - val.last), SLIGHT * last, 6 * fall.error
        )
        enough = max(self.steady * whole, 0.2 * last, 3 * fall.error)
        if fall.value < enough and not straight:
            return None
        barely = 0 < reach(run) <= self.barely and fall.value >= self.halved * last
        barely = barely or straight
        return self.finding(
            f"the validation loss still fell by {fall.value:.2g} in the last half of "
            f"the run, to {last:.3g}: it may not have been the end",
            severity=self.severity if barely else Severity.NOTE,
            confidence=0.6 if barely else 0.4,
            since=int(val.steps[len(val) // 2]),
            evidence=_evidence(run),
        )


def reach(run: Run) -> float:
    """How far the weights could have come, in their own lengths: the furthest layer."""
    ratios = layers.strides(run)
    return max((layers.travel(s, run) for s in ratios.values()), default=0.0)


def is_early(run: Run) -> bool:
    """Whether steps of an ordinary length were too few to have come anywhere."""
    loss = curves.until_broken(run.get("train/loss"))
    moved, steps = reach(run), run.last_step + 1
    if loss is None or moved / max(1, steps) < STRIDE:
        return False
    if moved > TRAVEL:
        return steps <= BARELY_BEGUN
    fell = curves.start(loss.values).above(curves.end(loss.values), sigmas=2.0)
    return fell or steps <= FEW


def falls_on(run: Run, steady: float = STEADY) -> bool:
    """Whether the loss was still falling at full speed when training stopped."""
    loss = curves.until_broken(run.get("train/loss"))
    if loss is None or len(loss) < len(run.signal("train/loss")):
        return False
    begun, fall = curves.start(loss.values).value, curves.falling(loss.values)
    whole = begun - curves.end(loss.values).value
    if _val_is_done(run):
        return False
    train = whole > LEAST * abs(begun) and fall.value >= max(
        steady * whole, 3 * fall.error
    )
    return train or _val_falls_on(run, steady)


def _val_falls_on(run: Run, steady: float) -> bool:
    """Whether the validation loss did: it has less noise than a batch's."""
    val = curves.until_broken(run.get("val/loss"))
    if val is None or len(val) < 6:
        return False
    fall = curves.falling(val.values)
    begun = max(float(val.values[0]), results.trivial_loss(run) or -inf)
    enough = min(steady * (begun - val.last), GOING * abs(val.last))
    return fall.value >= max(enough, 3 * fall.error) > 0


def _val_is_done(run: Run) -> bool:
    """Whether the validation loss has bent, or rises, or never beat guessing."""
    val = curves.until_broken(run.get("val/loss"))
    if val is None or len(val) < 6:
        return False
    guess = results.trivial_loss(run)
    if guess is not None and val.values.min() >= guess:
        return True
    fall, whole = curves.falling(val.values), float(val.values[0] - val.values.min())
    return fall.value < max(0.3 * STEADY * whole, fall.error)


def _evidence(run: Run) -> Iterator[Evidence]:
    stands = results.standing(run)
    if stands.best is not None:
        yield stands.best.evidence(f"{stands.best.metric} at the end")
    if stands.reference is not None:
        text = f"{stands.reference.metric} of a simple model, cross-validated"
        yield stands.reference.evidence(text)
