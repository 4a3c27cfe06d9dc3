"""divergence"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, results, schedules
from wellfit.rules.rule import Rule


class Turned(NamedTuple):
    """Where the training loss left its best: the step, the levels, what was lost."""

    step: int
    begun: float
    best: float
    last: float
    lost: float  # of what had been won; above 1, it ends above where it began


@dataclass(frozen=True, kw_only=True, slots=True)
class Divergence(Rule):
    """The training loss leaves its own best for good, and ends far worse.

    ## What it looks at
    The level of the training loss in each twentieth of the run: its lowest, and
    whether all that comes after lies above it, ever further, to the end; and how much
    of what had been won against guessing was lost again.

    ## Why it hurts
    What was learnt is being destroyed, and going on destroys more of it. The weights at
    the end are worse than those of an earlier step.

    ## Example
    >>> fell, rose = np.linspace(2.3, 0.5, 60), np.linspace(0.5, 4.0, 60)
    >>> run = Run.of(loss=[*fell, *rose])
    >>> print(Divergence().check(run).summary)
    the training loss was at its best at step 59 (0.576) and rose to 3.85, above the
    2.27 where it began

    ## How it is told from its look-alikes
    `overfitting` is of the validation loss; this is of the loss that is minimised.
    A loss that jumps and falls again is on its way back: a restart of the rate, or a
    harder lesson. A loss that goes up and down is `unstable-loss`. Of opponents (a GAN)
    and of rewards, where a rising loss may be what is wanted, nothing is said.

    ## What helps
    `roll-back` to the best weights; then `lower-learning-rate`, `clip-gradients`, or
    `switch-optimizer`. Where it rises from the first step on, look at the sign of the
    loss, of penalties, and of the step.

    ## When it is wrong
    Losses that are meant to rise for good; data that get harder until the end.

    ## References
    Chowdhery et al. (2022), PaLM, section 5.1, on rolling back; van Hasselt et al.
    (2018), Deep reinforcement learning and the deadly triad.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("train/loss",)
    remedies: ClassVar = (
        "roll-back",
        "lower-learning-rate",
        "clip-gradients",
        "switch-optimizer",
    )

    steps: int = 40  # two in each twentieth of the run, to tell a level from noise
    lost: float = 0.3  # of what had been won; noise floors and weight decay late in a
    # run cost under 0.1 of it in bench/trainings
    last: float = 0.25  # of the run, in which it no longer comes near its best
    sigmas: float = 6.0  # of both levels: 20 of them are compared
    kept: float = 0.7  # of the highest rise is still there at the end
    leap: float = 3.0  # times the loss of the start, at the very end: two values in a
    # row above all that came before are no single bad batch
    vast: float = 10.0  # times it, where it is only the last value

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the training loss rises for good."""
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < self.steps:
            return NotChecked(
                reason=f"fewer than {self.steps} steps with a loss: train longer"
            )
        if run.at("train/loss"):
            return NotChecked(reason="several optimizers: what one wins, another loses")
        if _unnamed(run):
            return NotChecked(
                reason="the loss is computed by hand: whether it may rise is not known"
            )
        turned = self._turned(run, loss) or self._leapt(run, loss)
        if turned is None or schedules.cyclical(run):
            return None
        above = turned.last > turned.begun
        return self.finding(
            f"the training loss {_began(turned)} and rose to {turned.last:.3g}"
            + (f", above the {turned.begun:.3g} where it began" if above else ""),
            severity=self.severity if above else Severity.WARNING,
            confidence=0.9 if turned.lost >= 1 else 0.8,
            since=turned.step,
            evidence=[
                Evidence(
                    text="lowest level of the training loss",
                    signal="train/loss",
                    step=turned.step,
                    value=turned.best,
                ),
                Evidence(
                    text="level at the end",
                    signal="train/loss",
                    step=int(loss.steps[-1]),
                    value=turned.last,
                ),
            ],
        )

    def _turned(self, run: Run, loss: Signal) -> Turned | None:
        """Where it left its best, if it did so for good and far enough."""
        parts = curves.sections(loss.values)
        heights = np.array([part.value for part in parts])
        begun, low = curves.start(loss.values), int(np.argmin(heights))
        after = heights[low + 1 :]
        if len(after) < self.last * len(heights):
            return None
        best, end = parts[low], parts[-1]
        rise, top = end.value - best.value, float(after.max()) - best.value
        late = parts[-max(2, int(self.last * len(parts))) :]
        away = all(part.value > best.value + 0.5 * self.lost * rise for part in late)
        if not (end.above(best, self.sigmas) and away and rise >= self.kept * top):
            return None
        if _comes_back(heights[low:]):
            return None
        guess = max(results.trivial_loss(run) or begun.value, begun.value)
        won = max(guess - best.value, 0.1 * abs(guess))
        if rise < self.lost * won:
            return None
        start = int(np.array_split(loss.steps, len(parts))[low][-1])
        return Turned(start, begun.value, best.value, end.value, rise / won)

    def _leapt(self, run: Run, loss: Signal) -> Turned | None:
        """The last values', if they shot up: what would have come next is not known."""
        before, last = loss.values[:-2], loss.values[-2:]
        begun = curves.start(loss.values)
        guess = max(results.trivial_loss(run) or begun.value, begun.value)
        settled = before[len(before) // 5 :]
        if guess <= 0 or last[1] <= max(settled.max(), self.leap * guess):
            return None
        twice = last[0] > settled.max()
        if not twice and (last[1] <= self.vast * guess or before.max() > last[1]):
            return None
        step = int(loss.steps[-3])
        lost = 1.0 if twice else 0.9
        return Turned(step, guess, float(settled.min()), float(last[1]), lost)


def _comes_back(heights: curves.Values) -> bool:
    """Whether it falls again after its highest rise: it is on its way back."""
    top = int(np.argmax(heights))
    since = heights[top:]
    fell = float(since[0] - since[-1])
    return len(since) >= 3 and fell > 0.2 * float(heights[top] - heights[0])


def _unnamed(run: Run) -> bool:
    """Whether nothing is known of the loss but its value: it may be a reward's."""
    training = run.facts.get("training", {})
    return bool(training) and training.get("loss_source") == "backward"


def _began(turned: Turned) -> str:
    if turned.step <= 0:
        return f"was at its best at the start ({turned.best:.3g})"
    return f"was at its best at step {turned.step} ({turned.best:.3g})"
