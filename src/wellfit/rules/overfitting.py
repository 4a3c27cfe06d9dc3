"""overfitting"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, results
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A validation curve's best, and how much worse it ends; 0 where that is noise."""

    signal: str
    step: int
    best: float
    last: float
    worse: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Overfitting(Rule):
    """The model gets better on the rows it trains on, and worse on the others.

    ## What it looks at
    Three things. The *rise*: how far the validation loss ends above its best, against
    what training has won in its own loss. The *drop*: how far the validation score
    ends below its best. The *gap*: training score less validation score. Scores are
    skills: 0 is guessing, 1 is perfect. A rise or a drop counts where it is beyond the
    noise between evaluations and the training loss did not get worse too.

    ## Why it hurts
    From the best step on, training learns what is particular to its rows, noise
    included. The model that is kept is worse than one that was had before.

    ## Example
    >>> falling = [2.0, 1.2, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05]
    >>> rising = {1: 2.0, 2: 1.4, 3: 1.2, 4: 1.1, 5: 1.3, 6: 1.5, 7: 1.7, 8: 1.9}
    >>> print(Overfitting().check(Run.of(loss=falling, val_loss=rising)).summary)
    validation loss was best at step 4 (1.1) and ended at 1.7 while the training
    loss went on falling

    ## How it is told from its look-alikes
    A validation loss that wobbles comes back down: the end must lie above the best by
    four times the noise. Where both losses rise, training diverges. Growing confidence
    raises the loss a little where the score stays; against all that training has won
    that is small, and said as a note. Dropout and augmentation hold the training score
    down: they make the gap smaller, never larger.

    ## What helps
    `stop-early` at the best step; more or augmented data (`augment-inputs`,
    `mix-inputs`); `add-dropout`, `penalize-weights`, `shrink-model` or
    `prune-weights`.

    ## When it is wrong
    Validation rows of another kind than the training rows: they are badly predicted
    for another reason. Very few validation rows.

    ## References
    Prechelt (1998), Early stopping - but when? Guo et al. (2017), On calibration of
    modern neural networks, for the loss that rises while the accuracy stays.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = (
        "stop-early",
        "augment-inputs",
        "add-dropout",
        "penalize-weights",
        "shrink-model",
        "mix-inputs",
        "prune-weights",
    )

    rise: float = 0.1  # of what training won. Healthy runs of bench/trainings
    # lose up to 0.01, overfitted ones 0.1 to 3
    slight: float = 0.02  # below it, the growing confidence of Guo et al.
    grown: float = 0.1  # of the best validation loss: worth a note, whatever was won
    much: float = 0.3  # of it: a warning, where it is not known what guessing costs
    drop: float = 0.08  # of skill
    gap: float = 0.15  # of skill beyond chance, where something else speaks for it too
    wide: float = 0.3  # of skill beyond chance, alone
    sigmas: float = 4.0  # of the noise between evaluations: 1 in 15,000 by chance

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where validation gets worse, or stays far behind training."""
        stands = results.standing(run)
        rise, drop = self._rise(run), self._drop(run)
        gap = results.gap(stands)
        if rise is None and drop is None and gap is None:
            return NotChecked(reason=_missing(run))
        lost = 0.0 if rise is None else rise.worse
        fell = drop.worse if drop is not None and _ahead(stands, drop) else 0.0
        wide = gap is not None and gap >= self.gap
        if _recalls(run) and not _below_reference(stands):
            gap = 0.0
        weighed = self._weighed(lost, fell, gap or 0.0, _below_reference(stands))
        if weighed <= 0.5 and rise is not None and rise.worse > 0:
            weighed = max(weighed, self._by_itself(run, rise))
        if weighed == 0:
            return None
        turns = [t for t, w in ((rise, lost), (drop, fell)) if t is not None and w > 0]
        return self.finding(
            "; ".join(_said(turns, stands if wide else results.Standing())),
            severity=self.severity if weighed > 0.5 else Severity.NOTE,
            confidence=weighed,
            since=turns[0].step if turns else None,
            evidence=_evidence(turns, stands),
        )

    def _weighed(self, lost: float, fell: float, gap: float, below: bool) -> float:
        """The confidence; up to 0.5 it is a note, and 0 is nothing at all."""
        if lost >= 3 * self.rise or (lost >= self.rise and gap >= self.gap):
            return 0.95
        if lost >= self.rise or fell >= self.drop:
            return 0.85
        if gap >= self.gap and (lost >= self.slight or below):
            return 0.8
        if gap >= self.wide:
            return 0.7
        return 0.5 if lost >= self.slight else 0.0

    def _by_itself(self, run: Run, rise: Turn) -> float:
        """What the validation loss says against its own best."""
        grown = (rise.last - rise.best) / max(abs(rise.best), 1e-300)
        if results.trivial_loss(run) is None and grown >= self.much:
            return 0.7
        return 0.4 if grown >= self.grown else 0.0

    def _rise(self, run: Run) -> Turn | None:
        """The validation loss's, as a share of what training won against guessing."""
        loss = _training(run)
        turn = self._turn(run, "val/loss", sign=1.0)
        if turn is None or loss is None:
            return None
        begun, ended = curves.start(loss.values), curves.end(loss.values)
        guess = results.trivial_loss(run) or max(begun.value, float(loss.values[0]))
        won = max(guess, turn.best) - ended.value
        better = ended.value < turn.best  # than validation ever was
        return replace(turn, worse=turn.worse / won if better and won > 0 else 0.0)

    def _drop(self, run: Run) -> Turn | None:
        """The validation score's, in skill, where there was some."""
        trivial = results.trivial_accuracy(run)
        if trivial is None or trivial >= 1 or "val/accuracy" not in run:
            trivial, turn = 0.0, self._turn(run, "val/r2", sign=-1.0)
        else:
            turn = self._turn(run, "val/accuracy", sign=-1.0)
        if turn is None:
            return None
        learnt = (turn.best - trivial) / (1 - trivial) > self.drop
        return replace(turn, worse=turn.worse / (1 - trivial) if learnt else 0.0)

    def _turn(self, run: Run, name: str, *, sign: float) -> Turn | None:
        val = curves.until_broken(run.get(name))
        kept = run.facts.get("training", {}).get("kept")
        if val is not None and kept is not None:  # what came after was thrown away
            val = val.until(kept)
        if val is None or len(val) < 4:
            return None
        smooth = _smooth(sign * val.values)
        near = int(np.argmin(smooth))
        place = max(0, near - 1) + int(
            np.argmin(sign * val.values[max(0, near - 1) : near + 2])
        )
        step, tail = int(val.steps[place]), sign * val.values[place:]
        last = float(np.median(tail[-min(3, len(tail)) :]))
        worse = last - float(smooth[near])
        lasting = len(tail) > 2 and bool(np.all(tail[-2:] > smooth[near]))
        beyond = lasting and worse > self.sigmas * curves.noise(tail)
        return Turn(
            signal=name,
            step=step,
            best=float(val.values[place]),
            last=sign * last,
            worse=worse if beyond and _trained_on(run, step) else 0.0,
        )


def _recalls(run: Run) -> bool:
    """Whether it recalls its training rows, however good it is.

    A forest of full-grown trees does, and boosted trees do after enough rounds.
    """
    model = run.facts.get("model", {})
    return bool(model.get("memorizes")) or model.get("gradients") is False


def _smooth(values: curves.Values) -> curves.Values:
    """The running median of three, the ends as they are: one lucky value is no best."""
    if len(values) < 6:
        return values
    inner = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    return np.concatenate([values[:1], inner, values[-1:]])


def _trained_on(run: Run, since: int) -> bool:
    """Whether the training loss fell, and did not get worse after that step."""
    loss = _training(run)
    if loss is None:
        return True
    until = loss.values[loss.steps <= since]
    ended = curves.end(loss.values)
    there = curves.level(until[-max(3, len(until) // 5) :]) if len(until) else ended
    return curves.start(loss.values).above(ended) and not ended.above(there)


def _training(run: Run) -> Signal | None:
    return curves.until_broken(run.get("train/eval_loss") or run.get("train/loss"))


def _ahead(stands: results.Standing, drop: Turn) -> bool:
    """Whether training rows are predicted better than validation rows, where known.

    The drop must also be more than chance, of as few validation rows as there are.
    """
    if stands.train is None or stands.val is None:
        return True
    sure = drop.worse > results.CHANCE * stands.val.error
    return sure and stands.train.value > stands.val.value


def _below_reference(stands: results.Standing) -> bool:
    if stands.val is None or stands.reference is None:
        return False
    slack = results.CHANCE * stands.val.error
    return stands.val.value + slack < results.REACHED * stands.reference.value


def _missing(run: Run) -> str:
    if any(name.startswith("val/") for name in run.signals):
        return (
            "fewer than 4 evaluations, and no scores of both training and validation: "
            "evaluate more often"
        )
    return (
        "nothing was evaluated on held-back data: evaluate on rows that are not "
        "trained on, with the loss that is trained on"
    )


def _said(turns: list[Turn], stands: results.Standing) -> Iterator[str]:
    for turn in turns[:1]:
        what = turn.signal.replace("val/", "validation ").replace("r2", "R²")
        yield (
            f"{what} was best at step {turn.step} ({turn.best:.3g}) and ended at "
            f"{turn.last:.3g} while the training loss went on falling"
        )
    if stands.train is not None and stands.val is not None:
        yield (
            f"{stands.train.metric} is {stands.train.score:.3g} on the training rows "
            f"and {stands.val.score:.3g} on validation rows"
        )


def _evidence(turns: list[Turn], stands: results.Standing) -> Iterator[Evidence]:
    for turn in turns:
        text = f"best {turn.best:.3g}, at the end {turn.last:.3g}"
        yield Evidence(text=text, signal=turn.signal, step=turn.step, value=turn.best)
    for skill, rows in ((stands.train, "training"), (stands.val, "validation")):
        if skill is not None:
            yield skill.evidence(f"{skill.metric} on {rows} rows")
    if stands.reference is not None:
        text = f"{stands.reference.metric} of a simple model, cross-validated"
        yield stands.reference.evidence(text)
