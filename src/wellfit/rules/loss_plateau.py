"""loss-plateau"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import curves, results, schedules
from wellfit.rules.rule import Rule


class Plateau(NamedTuple):
    """A flat stretch of the loss: where it lies, how high, and what it fell after."""

    first: int
    last: int
    share: float  # of the run
    height: float
    fall: float  # from there to the end


@dataclass(frozen=True, kw_only=True, slots=True)
class LossPlateau(Rule):
    """The loss is stuck for long above what can be reached, and leaves late or never.

    ## What it looks at
    The longest stretch of the run in which the loss hardly changes; whether it fell
    again afterwards; and if not, whether a simple model does far better on the same
    rows although this one is large enough to know them all.

    ## Why it hurts
    On a plateau, where gradients are small or cancel out, time passes and nothing is
    learnt. A run that spends most of its steps there has few left for what matters.

    ## Example
    >>> flat, fall = np.full(170, 2.3), np.linspace(2.3, 1.2, 40)
    >>> run = Run.of(loss=[*flat, *fall])
    >>> print(LossPlateau().check(run).summary)
    the loss stayed at 2.3 for 85 % of the run, until step 179, and was still falling at
    the end, by 0.97 so far

    ## How it is told from its look-alikes
    A run that has come down and is done is flat as well: it does what a simple model
    does, at the floor of the noise. A model that is too small to do better is
    `underfitting`; one that always says the same `constant-predictions`. A fall after
    the learning rate was cut is a schedule at work, flatness under a rate of nearly
    zero a schedule that died early. A plateau that was left in time is a note.

    ## What helps
    `add-momentum`, `switch-optimizer` to one that adapts, `raise-learning-rate`;
    `reinitialize` with larger or more different weights; `schedule-learning-rate` where
    it circles around a minimum; `train-longer` where it had just been left.

    ## When it is wrong
    Tasks that are learnt in steps, by a run that was stopped on purpose.

    ## References
    Saad and Solla (1995), On-line learning in soft committee machines; Dauphin et al.
    (2014), on saddle points; Zhang et al. (2017), on how large a model knows all rows.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("train/loss",)
    remedies: ClassVar = (
        "add-momentum",
        "switch-optimizer",
        "raise-learning-rate",
        "reinitialize",
        "schedule-learning-rate",
        "train-longer",
    )

    steps: int = 200  # ten in each twentieth of the run: fewer are a beginning
    flat: float = 0.2  # of the fall after a plateau, or before it, by which the loss
    # may change on it, by its levels and by a line through all its losses: a run that
    # slows down evenly has no such stretch
    long: float = 0.35  # of the run
    fall: float = 0.25  # of the height, lost later: then there was more to be had
    stuck: float = 0.5  # of the run, where it is never left
    short: float = 0.8  # of a simple model's skill: far from it
    rate: float = 0.02  # of the highest rate: below it, the schedule has ended the run
    room: float = 2.0  # parameters for each row that was trained on

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the loss stands still above what can be reached."""
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < self.steps:
            return NotChecked(
                reason=f"fewer than {self.steps} steps with a loss: train longer"
            )
        if run.at("train/loss"):
            return NotChecked(reason="several optimizers: no single loss ought to fall")
        if results.broke(run):
            return NotChecked(reason=results.BROKEN)
        left = self._left(run, loss)
        if left is not None:
            return self._released(run, loss, left)
        stuck = self._stuck(run, loss)
        return None if stuck is None else self._never(run, stuck)

    def _left(self, run: Run, loss: Signal) -> Plateau | None:
        """A plateau that the loss left again, by itself."""
        parts = curves.sections(loss.values)
        heights = np.array([part.value for part in parts])
        begun = curves.start(loss.values).value
        # From the end backwards: what comes down after the plateau is the fall.
        for stop in range(len(heights) - 1, int(self.long * len(heights)) - 1, -1):
            height = float(np.median(heights[max(0, stop - 4) : stop]))
            fall = height - float(heights[-1])
            scale = height if height > 0 else max(begun, height) - float(heights[-1])
            if fall <= 0 or fall < self.fall * scale:
                continue
            stretch = curves.flattest(heights[:stop], self._tolerance(parts, fall))
            long = stretch.sections / len(heights) >= self.long
            sure = parts[stretch.stop - 1].above(parts[-1], 6.0)
            if not (long and sure and stretch.stop == stop):
                continue
            if self._falls(loss.values, len(parts), stretch, fall):
                continue
            found = _plateau(loss, len(parts), stretch, height, fall)
            if not self._scheduled(run, found, loss) and _learns(run, found):
                return found
        return None

    def _falls(
        self, values: curves.Values, parts: int, stretch: curves.Stretch, fall: float
    ) -> bool:
        """Whether a line through the stretch falls: noise only hid that it does."""
        width = len(values) / parts
        inside = values[round(stretch.first * width) : round(stretch.stop * width)]
        slope = np.polyfit(np.arange(len(inside)), inside, 1)[0]
        return bool(-slope * len(inside) > self.flat * fall)

    def _tolerance(self, parts: list[curves.Level], fall: float) -> float:
        """How much levels may differ on a plateau: a little, and what noise explains.

        Of twenty levels the highest and the lowest are about four errors apart.
        """
        usual = float(np.median([part.error for part in parts]))
        return max(self.flat * fall, 5 * usual)

    def _scheduled(self, run: Run, found: Plateau, loss: Signal) -> bool:
        """Whether the rate explains the flatness, or the fall after it."""
        width = int(loss.steps[-1] - loss.steps[0]) // 10
        cut = schedules.drops(run, found.last - width, found.last + width)
        raised = schedules.rises(run, found.first, found.last + width)
        return cut or raised or schedules.dead(run, found.first, found.last, self.rate)

    def _released(self, run: Run, loss: Signal, left: Plateau) -> Finding:
        parts = curves.sections(loss.values)
        lately = parts[-3].value - parts[-1].value
        falling = parts[-3].above(parts[-1], 4.0) and lately > self.flat * left.fall
        lost = falling or results.standing(run).reached() is False
        said = "was still falling at the end" if falling else "then fell"
        return self.finding(
            f"the loss stayed at {left.height:.3g} for {100 * left.share:.0f} % of the "
            f"run, until step {left.last}, and {said}, by {left.fall:.2g} "
            + ("so far" if falling else "in all"),
            severity=self.severity if lost else Severity.NOTE,
            confidence=(0.85 if left.share >= 0.5 else 0.75) if lost else 0.5,
            since=left.first,
            evidence=_evidence(left, float(parts[-1].value), int(loss.steps[-1])),
        )

    def _stuck(self, run: Run, loss: Signal) -> Plateau | None:
        """A plateau on which the run ended, above what can be reached."""
        stands = results.standing(run)
        if stands.reference is None or stands.best is None or stands.guesses:
            return None
        if not results.fell_short(run, self.short):
            return None
        parts = curves.sections(loss.values)
        heights = np.array([part.value for part in parts])
        begun = max(
            curves.start(loss.values).value, results.trivial_loss(run) or -np.inf
        )
        whole = begun - float(heights.min())
        if whole <= 0:
            return None
        stretch = curves.flattest(heights, self._tolerance(parts, whole))
        share = stretch.sections / len(heights)
        came_down = stretch.first > 0 and whole > self.flat * abs(begun)
        if stretch.stop < len(heights) or share < self.stuck or not came_down:
            return None
        found = _plateau(
            loss, len(parts), stretch, float(np.median(heights[stretch.first :])), 0.0
        )
        middle = (found.first + found.last) // 2
        if schedules.dead(run, found.first, middle, self.rate) or not self._roomy(run):
            return None
        return found

    def _roomy(self, run: Run) -> bool:
        """Whether the model has parameters enough to know all of its rows."""
        parameters = run.facts.get("model", {}).get("trainable") or 0
        rows = run.facts.get("loaders", {}).get("train", {}).get("rows") or max(
            run.facts.get("data", {}).get("rows") or 0,
            run.facts.get("reference", {}).get("rows") or 0,
        )
        return bool(rows and parameters >= self.room * rows)

    def _never(self, run: Run, stuck: Plateau) -> Finding:
        best, reference = results.standing(run).best, results.standing(run).reference
        assert best is not None
        assert reference is not None
        return self.finding(
            f"the loss has stayed at {stuck.height:.3g} for the last "
            f"{100 * stuck.share:.0f} % of the run, at {best.metric} {best.score:.3g}, "
            f"where a simple model reaches {reference.score:.3g}",
            confidence=0.65,
            since=stuck.first,
            evidence=_evidence(stuck, stuck.height, stuck.last),
        )


def _learns(run: Run, left: Plateau) -> bool:
    """Whether validation rows, where known, gain by the fall: or rows are memorised."""
    val = curves.until_broken(run.get("val/loss"))
    if val is None or not len(val):
        return True
    there = val.values[(val.steps >= left.first) & (val.steps <= left.last)]
    return not len(there) or bool(val.values[-3:].min() < np.median(there))


def _plateau(
    loss: Signal, parts: int, stretch: curves.Stretch, height: float, fall: float
) -> Plateau:
    steps = np.array_split(loss.steps, parts)
    return Plateau(
        first=int(steps[stretch.first][0]),
        last=int(steps[stretch.stop - 1][-1]),
        share=stretch.sections / parts,
        height=height,
        fall=fall,
    )


def _evidence(plateau: Plateau, last: float, step: int) -> list[Evidence]:
    return [
        Evidence(
            text=f"level of the loss, from here to step {plateau.last}",
            signal="train/loss",
            step=plateau.first,
            value=plateau.height,
        ),
        Evidence(text="level at the end", signal="train/loss", step=step, value=last),
    ]
