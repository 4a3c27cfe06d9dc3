"""What a run has reached, on one scale: 0 is guessing, 1 is perfect.

Skill is the share of the way from the trivial baseline (always the commonest class,
or the mean) to perfection: for classes (accuracy − trivial) / (1 − trivial), Heidke's
score of 1926; for numbers R². What a simple model reaches on the same rows by
cross-validation is the estimate of what can be learnt at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

import numpy as np

from wellfit.core.finding import Evidence
from wellfit.core.run import Run, Signal
from wellfit.rules import curves

REACHED = 0.9  # of the reference's skill. Networks of bench/trainings that train as
# they should reach 0.98 of it and more
BROKEN = "the loss was not finite at the end: mend that first, then it can be judged"
UNSCORED = (
    "no score of the predictions was seen: a loss of `torch.nn` called with outputs "
    "and targets would show one"
)
NO_REFERENCE = (
    "what a simple model reaches is not known: it is fitted where rows of at most a "
    "few hundred columns and their targets were seen"
)
LATE = 0.5  # of the run's steps: what stands before that is not its end
CHANCE = 2.0  # standard errors of a score that are put down to chance
OTHER_UNITS = ("poisson_nll_loss",)  # its outputs are logarithms of what is predicted


@dataclass(frozen=True, kw_only=True, slots=True)
class Skill:
    """A score on the scale from 0 (guessing) to 1 (perfect), with its error."""

    value: float
    error: float
    metric: str
    score: float
    signal: str | None = None
    step: int | None = None

    @property
    def guesses(self) -> bool:
        """Whether it is no better than guessing."""
        return self.value <= max(0.05, CHANCE * self.error)

    def evidence(self, text: str) -> Evidence:
        """The score behind it, as evidence."""
        return Evidence(text=text, signal=self.signal, step=self.step, value=self.score)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a run stands at its end: on training and validation data, and what a
    simple model reaches. Each is None where it is not known.
    """

    train: Skill | None = None
    val: Skill | None = None
    reference: Skill | None = None

    @property
    def best(self) -> Skill | None:
        """The better of training and validation: dropout hides in the first."""
        known = [s for s in (self.train, self.val) if s is not None]
        return max(known, key=lambda s: s.value, default=None)

    def reached(self, share: float = REACHED) -> bool | None:
        """Whether it does what can be done; None where that cannot be known.

        Without a reference, or one that guesses, only a nearly perfect score is known
        to be enough.
        """
        if self.best is None:
            return None
        if self.reference is None or self.reference.value <= 0:
            return True if self.best.value >= REACHED else None
        slack = hypot(self.best.error, self.reference.error)
        return self.best.value >= share * self.reference.value - slack

    @property
    def guesses(self) -> bool | None:
        """Whether it does no better than guessing."""
        if self.best is None:
            return None
        return self.best.guesses

    @property
    def guesses_held(self) -> bool:
        """Whether it is known to do no better than guessing on validation rows."""
        return self.val is not None and self.val.guesses

    @property
    def learnable(self) -> bool | None:
        """Whether a simple model does better than guessing."""
        if self.reference is None:
            return None
        return not self.reference.guesses


def standing(run: Run) -> Standing:
    """Where the run stands at its end."""
    return Standing(
        train=_skill(run, "train/eval_") or _skill(run, "train/"),
        val=_skill(run, "val/"),
        reference=_reference(run.facts.get("reference", {})),
    )


def gap(stands: Standing) -> float | None:
    """Training less validation skill, less what chance may add."""
    if stands.train is None or stands.val is None or not _together(stands):
        return None
    chance = CHANCE * stands.val.error
    return stands.train.value - max(stands.val.value, 0.0) - chance


def _together(stands: Standing) -> bool:
    """Whether both scores are of about the same time of the training."""
    steps = [s.step for s in (stands.train, stands.val) if s and s.step is not None]
    return len(steps) < 2 or min(steps) >= LATE * max(steps)


def fell_short(run: Run, share: float = REACHED) -> bool:
    """Whether the run did clearly worse than it could have.

    Where neither a reference nor a score tells, half of the starting loss must be won.
    """
    stands = standing(run)
    reached = stands.reached(share)
    if reached is not None:
        return not reached
    if stands.best is not None:
        return stands.best.value < 0.5
    loss = curves.until_broken(run.get("train/loss"))
    if loss is None or len(loss) < len(run.signal("train/loss")):
        return True
    begun = curves.start(loss.values)
    return begun.value > 0 and curves.end(loss.values).value > 0.5 * begun.value


def broke(run: Run) -> bool:
    """Whether the loss ended as NaN or infinite: what came after says nothing more."""
    loss = run.get("train/loss")
    return loss is not None and len(loss) > 0 and not np.isfinite(loss.last)


def withered(run: Run) -> bool:
    """Whether the weights shrank to little of what they were: decay holds them down."""
    weights = run.get("weight_norm")
    if weights is None or not len(weights := weights.finite()):
        return False
    return bool(weights.last < 0.3 * weights.values[0])


def trivial_accuracy(run: Run) -> float | None:
    """The accuracy of always predicting the commonest class."""
    objective = run.facts.get("objective", {})
    said = objective.get("trivial", {}).get("accuracy")
    if said is not None:
        return float(said)
    counts = class_counts(run)
    return max(counts.values()) / sum(counts.values()) if counts else None


def trivial_loss(run: Run) -> float | None:
    """The loss of the best constant prediction, where it is known and positive.

    Not for sums: of a sum it is not known over what it was taken.
    """
    objective = run.facts.get("objective", {})
    said = objective.get("trivial", {}).get("loss")
    if said is None or said <= 0 or objective.get("reduction", "mean") != "mean":
        return None
    return float(said)


def strained(run: Run) -> float | None:
    """The very first loss, in multiples of what guessing would have: 1 is as it should.

    Far above 1, signals are too large before a single step was taken.
    """
    guess, loss = trivial_loss(run), run.get("train/loss")
    if guess is None or loss is None or not len(loss) or loss.steps[0] != 0:
        return None
    return float(loss.values[0]) / guess


def class_counts(run: Run) -> dict[str, int]:
    """Class → samples of it that were seen in training; empty for numbers."""
    for holder in (
        run.facts.get("objective", {}).get("targets", {}),
        run.facts.get("data", {}).get("target", {}),
    ):
        counts: Mapping[Any, Any] = holder.get("counts") or {}
        if counts:
            return {str(k): int(n) for k, n in counts.items() if n}
    return {}


def ending(signal: Signal | None) -> float | None:
    """Where a score ends: the median of its last values."""
    ended = _ending(signal)
    return None if ended is None else ended[0]


def r2_error(score: float, rows: int) -> float:
    """The standard error of an R² over so many rows (Olkin and Finn, 1995)."""
    return min(2 * sqrt(max(score, 0.05)) * (1 - score) / sqrt(rows), 1.0)


def _skill(run: Run, front: str) -> Skill | None:
    """The skill at the end, by the signals whose names begin so."""
    trivial = trivial_accuracy(run)
    accuracy = _ending(run.get(f"{front}accuracy"))
    if accuracy is not None and trivial is not None and trivial < 1:
        score, step = accuracy
        error = sqrt(max(score * (1 - score), 0.0) / rows_of(run, front))
        return Skill(
            value=(score - trivial) / (1 - trivial),
            error=error / (1 - trivial),
            metric="accuracy",
            score=score,
            signal=f"{front}accuracy",
            step=step,
        )
    r2 = _ending(run.get(f"{front}r2"))
    if r2 is None or run.facts.get("objective", {}).get("criterion") in OTHER_UNITS:
        return None
    return _r2(*r2, rows=rows_of(run, front), signal=f"{front}r2")


def _r2(score: float, step: int | None, *, rows: int, signal: str | None) -> Skill:
    return Skill(
        value=score,
        error=r2_error(score, rows),
        metric="R²",
        score=score,
        signal=signal,
        step=step,
    )


def _reference(fact: Mapping[str, Any]) -> Skill | None:
    if "value" not in fact:
        return None
    value, rows = float(fact["value"]), max(1, int(fact.get("rows", 1)))
    if fact.get("metric") == "r2":
        return _r2(value, None, rows=rows, signal=None)
    trivial = float(fact.get("trivial", 0.0))
    if trivial >= 1:
        return None
    error = sqrt(max(value * (1 - value), 0.0) / rows)
    return Skill(
        value=(value - trivial) / (1 - trivial),
        error=error / (1 - trivial),
        metric="accuracy",
        score=value,
    )


def _ending(signal: Signal | None) -> tuple[float, int] | None:
    """The median of the last tenth of the values, and of three where there are six.

    Of those only that stand in the second half of the run: some scores are ever
    further apart.
    """
    if signal is None or not len(signal := signal.finite()):
        return None
    most = max(1 if len(signal) < 6 else 3, len(signal) // 10)
    late = signal.steps[-most:] >= LATE * signal.steps[-1]
    return float(np.median(signal.values[-most:][late])), int(signal.steps[-1])


def rows_of(run: Run, front: str) -> int:
    """How many rows a score was counted over."""
    phase = front.partition("/")[0]
    loaded = run.facts.get("loaders", {}).get(phase, {}).get("rows")
    if front == "train/":
        batch = run.facts.get("training", {}).get("batch_size") or 32
        return max(1, 16 * int(batch))
    counted = [
        e.data["rows"]
        for e in run.happened("evaluation")
        if e.data.get("phase") == phase and e.data.get("rows")
    ]
    return max(1, int(counted[-1] if counted else loaded or 100))
