"""Where a row of a log stands: which of its columns count, and what they count."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

STEPS = (
    *("trainer/global_step", "train/global_step", "global_step", "globalstep"),
    *("_step", "step", "steps", "num_updates", "iteration", "iterations", "iter"),
    *("iters", "it", "itr", "n_iter", "update", "updates", "train_step", "batch"),
)
EPOCHS = ("epoch", "epochs", "train/epoch", "ep", "epoch_num", "current_epoch")
BEYOND = 2.0**53  # what a float cannot count
ROUNDS = ("round", "rounds", "boosting_round", "num_round", "tree", "trees")


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """What is counted (`step`, `epoch`, `round`, `row`), and in which columns."""

    unit: str
    column: str | None = None
    epoch: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say where a row stands."""
        return tuple(c for c in (self.column, self.epoch) if c is not None)


def axis(sample: Sequence[Mapping[str, float]]) -> Axis:
    """The axis of rows, from the first of them.

    Steps are taken before epochs, and epochs before the place of a row; a column that
    never changes, or has fractions, counts nothing.
    """
    names = {
        name.strip().lower().replace(" ", "_"): name for row in sample for name in row
    }
    epoch = _first(EPOCHS, names, sample, whole=False)
    for unit, known in (("step", STEPS), ("epoch", EPOCHS), ("round", ROUNDS)):
        column = _first(known, names, sample, whole=True)
        if column is not None:
            return Axis(unit=unit, column=column, epoch=epoch)
    return Axis(unit="row", epoch=epoch)


def _first(
    known: Iterable[str],
    names: Mapping[str, str],
    sample: Sequence[Mapping[str, float]],
    *,
    whole: bool,
) -> str | None:
    for wanted in known:
        column = names.get(wanted)
        if column is None:
            continue
        values = [row[column] for row in sample if column in row]
        if whole and any(not math.isfinite(v) or v != int(v) for v in values):
            continue
        if len(sample) < 3 or len({*values}) > 1:
            return column
    return None


@dataclass(slots=True)
class Clock:
    """Tells the step of each row in turn.

    Where steps begin again with each epoch they are counted on from epoch to epoch. A
    row without a step (of an evaluation, say) stands where the one before it stood.
    """

    axis: Axis
    _row: int = -1
    _last: int = 0
    _epoch: float = -math.inf
    _before: int = 0  # steps of the epochs that are over
    _end: int = field(default=-1)  # the highest step of this epoch

    def at(self, row: Mapping[str, float]) -> int:
        """The step of this row."""
        self._row += 1
        if self.axis.column is None:
            return self._row
        said = row.get(self.axis.column)
        if said is None or not abs(said) < BEYOND:
            return self._last
        step = int(said)
        if self.axis.unit == "step" and self.axis.epoch is not None:
            step = self._counted_on(step, row.get(self.axis.epoch))
        self._last = step
        return step

    def _counted_on(self, step: int, epoch: float | None) -> int:
        if epoch is not None and epoch > self._epoch:
            if step < self._end and self._epoch > -math.inf:
                self._before += self._end + 1
                self._end = step
            self._epoch = epoch
        elif epoch is not None and epoch < self._epoch:  # begun again
            self._epoch, self._before, self._end = epoch, 0, step
        self._end = max(self._end, step)
        return self._before + step
