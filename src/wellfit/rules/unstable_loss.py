"""unstable-loss"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, results, schedules
from wellfit.rules.rule import Rule

SCORES = ("val/r2", "val/balanced_accuracy", "val/accuracy")  # between guessing and 1
EVALUATED = ("train/eval_loss", "val/loss")  # of fixed rows: no batch is in their noise


class Sign(NamedTuple):
    """One way in which the loss is unstable: in words, how much, how sure."""

    said: str
    sure: float
    evidence: Evidence
    since: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UnstableLoss(Rule):
    """The loss swings and spikes by more than small batches explain.

    ## What it looks at
    Where the same rows are evaluated again and again, how much the loss on them leaps
    from one evaluation to the next, against all that was won: no draw of a batch is in
    that. Of the training loss, how far it goes up again beyond its noise; and its
    noise against what the batch size explains, the deviation of the samples' losses
    over the square root of their number.

    ## Why it hurts
    Where the loss leaps, what a run ends with is a matter of its last step. Steps are
    spent on undoing others.

    ## Example
    >>> swings = [0.7 + 0.3 * (-1) ** k for k in range(20)]
    >>> held_back = dict(zip(range(0, 200, 10), [2.3, *swings[1:]]))
    >>> run = Run.of(loss=np.linspace(2.3, 0.5, 200), val_loss=held_back)
    >>> print(UnstableLoss().check(run).summary)
    the validation loss leaps by 0.73 from one evaluation to the next, 38 % of all that
    was won

    ## How it is told from its look-alikes
    Small batches make a noisy training loss, which their samples' losses explain, and
    leave the evaluations quiet. A cyclical rate swings on purpose. A loss that rises
    for good is `divergence`, a validation loss that does `overfitting`. Opponents (a
    GAN) and rewards have no loss that ought to fall.

    ## What helps
    `lower-learning-rate`, `clip-gradients` or `warm-up` against long steps;
    `resize-batch` and `accumulate-gradients` against noisy ones; `steady-batchnorm`
    where evaluations leap and the training loss does not; `average-weights`.

    ## When it is wrong
    A rate that is high on purpose, and lowered later: the run was stopped before.

    ## References
    McCandlish et al. (2018), An empirical model of large-batch training; Cohen et al.
    (2021), Gradient descent typically occurs at the edge of stability.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("train/loss",)
    remedies: ClassVar = (
        "lower-learning-rate",
        "clip-gradients",
        "warm-up",
        "resize-batch",
        "accumulate-gradients",
        "steady-batchnorm",
        "average-weights",
    )

    steps: int = 40
    evaluations: int = 8  # fewer do not show what is usual
    leap: float = 0.06  # of all that was won, from one evaluation to the next, in the
    # later half. Healthy runs of bench/trainings: 0.02, of random triplets 0.05
    something: float = 0.2  # of the loss at the start: less is not worth the word won
    undone: float = 0.5  # of all that was won: swings of the training loss, summed
    beyond: float = 3.0  # times the noise that the batch explains
    loud: float = 0.1  # of all that was won: less noise than this harms nothing
    kept: float = 0.03  # of a score, by which the last third lies below the best

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the loss leaps, and something is lost by it."""
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < self.steps:
            return NotChecked(
                reason=f"fewer than {self.steps} steps with a loss: train longer"
            )
        if run.at("train/loss"):
            return NotChecked(reason="several optimizers: what one wins, another loses")
        if schedules.cyclical(run):
            return NotChecked(reason="the learning rate goes up and down on purpose")
        signs = list(self._signs(run, loss))
        if not signs:
            return None
        surest = max(signs, key=lambda sign: sign.sure)
        lost = self._lost(run, loss)
        return self.finding(
            "; ".join(sign.said for sign in signs),
            severity=self.severity if lost else Severity.NOTE,
            confidence=min(0.95, surest.sure + 0.1 * (len(signs) - 1))
            * (1 if lost else 0.6),
            since=min(sign.since for sign in signs),
            evidence=[sign.evidence for sign in signs],
        )

    def _signs(self, run: Run, loss: Signal) -> Iterator[Sign]:
        for name in EVALUATED:
            signal = curves.until_broken(run.get(name))
            sign = None if signal is None else self._leaps(run, signal)
            if sign is not None:
                yield sign
                break
        if _unnamed(run):
            return
        yield from self._swings(loss, _won(run, loss))
        yield from self._noise(run, loss, _unit(run, loss))

    def _leaps(self, run: Run, signal: Signal) -> Sign | None:
        if len(signal) < self.evaluations:
            return None
        values, late = signal.values, signal.values[len(signal) // 2 :]
        won, noise = _unit(run, signal), curves.noise(late)
        # What differences of a smooth curve of few values leave is no leap.
        jumps = float(np.median(np.abs(np.diff(late))))
        if won <= 0 or min(noise, 2 * jumps) < self.leap * won:
            return None
        name = "training" if signal.name == "train/eval_loss" else "validation"
        return Sign(
            said=f"the {name} loss leaps by {noise:.2g} from one evaluation to the "
            f"next, {100 * noise / won:.0f} % of all that was won",
            sure=0.9 if noise >= 2 * self.leap * won else 0.75,
            evidence=Evidence(
                text="leaps of an evaluation of the same rows, as a deviation",
                signal=signal.name,
                step=int(signal.steps[-1]),
                value=noise,
            ),
            since=int(signal.steps[np.argmin(values)]),
        )

    def _swings(self, loss: Signal, won: float) -> Iterator[Sign]:
        if won <= self.something * abs(float(loss.values[0])):
            return  # around the loss of guessing, every swing is large
        parts = curves.sections(loss.values, most=min(30, len(loss) // 15))
        usual = float(np.median([part.error for part in parts]))
        parts = [part._replace(error=max(part.error, usual)) for part in parts]
        rises = curves.undone(parts, sigmas=5.0)
        for_good = max(0.0, curves.end(loss.values).value - min(p.value for p in parts))
        swings = rises - for_good
        if swings < self.undone * won:
            return
        low = int(np.argmin([part.value for part in parts]))
        yield Sign(
            said=f"the training loss rose again by {rises:.2g} in all, "
            f"{100 * rises / won:.0f} % of all that was won",
            sure=0.8 if swings >= 2 * self.undone * won else 0.7,
            evidence=Evidence(
                text="rises of the training loss beyond its noise, summed",
                signal="train/loss",
                value=rises,
            ),
            since=int(np.array_split(loss.steps, len(parts))[low][0]),
        )

    def _noise(self, run: Run, loss: Signal, won: float) -> Iterator[Sign]:
        explained = _explained(run)
        late = loss.values[len(loss) // 2 :]
        noise = curves.noise(late)
        if not explained or noise < max(self.loud * won, self.beyond * explained):
            return
        yield Sign(
            said=f"the training loss jumps by {noise:.2g} from step to step, where the "
            f"size of the batches explains {explained:.2g}",
            sure=0.75,
            evidence=Evidence(
                text="noise of the training loss",
                signal="train/loss",
                step=int(loss.steps[-1]),
                value=noise,
            ),
            since=int(loss.steps[len(loss) // 2]),
        )

    def _lost(self, run: Run, loss: Signal) -> bool:
        """Whether it fell short, or what it settled at is off what it had reached."""
        if results.fell_short(run, 0.97):
            return True
        for name in SCORES:
            score = curves.until_broken(run.get(name))
            if score is not None and len(score) >= self.evaluations:
                return _behind(score.values) > self.kept
        val = curves.until_broken(run.get("val/loss"))
        if val is None or len(val) < self.evaluations:
            return False
        return _behind(-val.values) > 2 * self.kept * _unit(run, val)


def _behind(values: curves.Values) -> float:
    """How far the last third lies, in the mean, below the best reached twice."""
    return float(np.sort(values)[-2] - np.mean(values[-len(values) // 3 :]))


def _won(run: Run, signal: Signal) -> float:
    """What was won against guessing, or against the first value."""
    begun = results.trivial_loss(run) or float(signal.values[0])
    parts = curves.sections(signal.values)
    return max(begun, float(signal.values[0])) - min(part.value for part in parts)


def _unit(run: Run, signal: Signal) -> float:
    """What was won, or a third of the loss of guessing where it was hardly anything."""
    return max(_won(run, signal), abs(float(signal.values[0])) / 3)


def _explained(run: Run) -> float | None:
    """The noise that batches of their size explain, in the later half of the run."""
    spread, sizes = run.get("sample_loss_std"), run.get("batch_size")
    if spread is None or sizes is None:
        return None
    late = spread.values[
        (spread.steps >= run.last_step / 2) & np.isfinite(spread.values)
    ]
    if len(late) < 3:
        return None
    rows = float(np.median(sizes.values)) if len(sizes) else 0.0
    return float(np.median(late)) / rows**0.5 if rows > 1 else None


def _unnamed(run: Run) -> bool:
    training = run.facts.get("training", {})
    return bool(training) and training.get("loss_source") == "backward"
