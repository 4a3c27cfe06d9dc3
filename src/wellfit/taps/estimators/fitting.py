"""What remedies ask of fits, kept as edits, and done to one fit after the other.

What edits need of scikit-learn is imported on use: a plan is read while the script is
importing it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any

from wellfit.core.plan import Plan
from wellfit.remedies.plans import remedy_of
from wellfit.taps.estimators import parameters
from wellfit.taps.estimators.effects import Effects
from wellfit.taps.estimators.fit import Fit


class Stage(IntEnum):
    """When an edit of a fit is made; within a stage in the order of the plan."""

    HOLD_OUT = 0  # rows, before any is drawn twice
    DATA = 1
    LEARNER = 2  # what hangs on how many rows are left
    OUTPUT = 3  # by fits that all other edits are in


Edit = Callable[[Fit], None]


@dataclass(slots=True, eq=False)
class Asked:
    """The edits of a plan, as its remedies ask for them, and what became of each."""

    effects: Effects
    edits: list[tuple[Stage, str, Edit]] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan) -> "Asked":
        """What the remedies of a plan ask for."""
        asked = cls(Effects(plan))
        for one in plan.changes:
            asked.effects.applying = one.id
            remedy_of(one).refit(asked)
        asked.edits.sort(key=lambda one: one[0])  # a stable sort
        return asked

    def edit(self, fit: Fit, *, until: Stage = Stage.OUTPUT) -> None:
        """Edit a fit, by the edits up to a stage."""
        for stage, change, edit in self.edits:
            if stage <= until:
                self.effects.make(change, edit, fit)

    # -- what remedies ask for -----------------------------------------------------

    def _ask(self, stage: Stage, edit: Edit) -> None:
        self.edits.append((stage, self.effects.applying, edit))

    def cannot(self, why: str) -> None:
        """The change is without effect."""
        self.effects.cannot(why)

    def standardize_columns(self) -> None:
        """Bring each column to mean 0 and standard deviation 1."""
        self._enter("standardize")

    def impute_columns(self) -> None:
        """Fill gaps, and add columns that say where they were."""
        self._enter("impute")

    def clip_columns(self, share: float) -> None:
        """Limit each column to its values but for that share at either end."""
        self._enter("clip", share)

    def drop_columns(self, names: Sequence[str]) -> None:
        """Leave out columns."""
        self._enter("drop", names)

    def select_columns(self, share: float) -> None:
        """Keep that share of the columns."""
        self._enter("select", share)

    def cross_columns(self) -> None:
        """Add the squares and the products of all columns."""
        self._enter("cross")

    def _enter(self, name: str, *how: Any) -> None:
        def edit(fit: Fit) -> None:
            from wellfit.taps.estimators import columns

            learn = getattr(columns, name)
            fit.enter(lambda given: learn(given, *how))

        self._ask(Stage.DATA, edit)

    def drop_duplicates(self) -> None:
        """Keep one of each set of equal rows."""
        self._rows("drop_duplicates")

    def oversample(self, ratio: float) -> None:
        """Draw rows of rare classes again."""
        self._rows("oversample", ratio)

    def undersample(self, ratio: float) -> None:
        """Draw fewer rows of common classes."""
        self._rows("undersample", ratio)

    def synthesize(self, ratio: float) -> None:
        """Make rows of rare classes."""
        self._rows("synthesize", ratio)

    def _rows(self, name: str, *how: Any) -> None:
        def edit(fit: Fit) -> None:
            from wellfit.taps.estimators import rows

            change = getattr(rows, name)
            fit.rows(lambda given: change(given, *how))

        self._ask(Stage.DATA, edit)

    def drop_noisy_labels(self) -> None:
        """Leave out rows whose label is most probably wrong."""
        self._labels("drop_noisy_labels")

    def correct_labels(self) -> None:
        """Give rows whose label is most probably wrong the probable one."""
        self._labels("correct_labels")

    def _labels(self, name: str) -> None:
        def edit(fit: Fit) -> None:
            from wellfit.taps.estimators import outputs, rows

            shares = partial(outputs.out_of_fold, fit.estimator)
            fit.rows(lambda given: getattr(rows, name)(given, shares))

        self._ask(Stage.DATA, edit)

    def weigh_classes(self) -> None:
        """Count each class as much as any other."""
        from wellfit.taps.estimators.outputs import weigh

        self._ask(Stage.LEARNER, weigh)

    def tune_threshold(self) -> None:
        """Predict the rarer of two classes from the probability on that serves both."""
        from wellfit.taps.estimators.outputs import tune

        self._ask(Stage.OUTPUT, partial(tune, edit=self.edit))

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor."""
        why = "nothing in it has a learning rate that is a number"
        self._set(lambda fit: parameters.rates(fit.estimator, factor), why)

    def train_longer(self, factor: float) -> None:
        """Take so many times as many iterations, or rounds."""
        why = "nothing in it is trained in iterations or rounds that are limited"
        self._set(lambda fit: parameters.duration(fit.estimator, factor), why)

    def resize(self, factor: float) -> None:
        """Give the model so many times as many leaves, or units."""

        def values(fit: Fit) -> parameters.Values:
            return parameters.size(fit.estimator, factor, fit.given.count)

        self._set(values, "nothing in it has leaves, units or neighbours to set so")

    def decay_weights(self, rate: float) -> None:
        """Add a penalty on the squares of the weights."""

        def values(fit: Fit) -> parameters.Values:
            return parameters.decay(fit.estimator, rate, fit.given.count)

        self._set(values, "nothing in it penalises weights")

    def relax_penalties(self, factor: float) -> None:
        """Take every penalty on the weights times a factor."""

        def values(fit: Fit) -> parameters.Values:
            return parameters.penalties(fit.estimator, factor, fit.given.count)

        self._set(values, "nothing in it penalises weights")

    def stop_early(self, patience: int) -> None:
        """End after so many rounds that do not help rows that are held out."""
        from wellfit.taps.estimators.stopping import stop

        self._ask(Stage.HOLD_OUT, partial(stop, patience=patience))

    def _set(self, values: Callable[[Fit], parameters.Values], lacking: str) -> None:
        self._ask(Stage.LEARNER, lambda fit: fit.set(values(fit), lacking))
