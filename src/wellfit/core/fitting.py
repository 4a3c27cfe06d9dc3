"""What of the fits of estimators a Change can edit, whatever library they are of."""

from collections.abc import Sequence
from typing import Protocol


class Fitting(Protocol):
    """The fits of estimators, as a remedy meets them: made by a tap.

    Each edit holds for every fit of a classifier or a regressor from the next one on.
    It is learnt from the rows of that fit alone, and what is later asked of the fitted
    estimator sees the same. One that finds nothing that it could edit is said to be
    without effect, and why.
    """

    def cannot(self, why: str) -> None:
        """Say that the change is without effect, and why."""

    # -- columns

    def standardize_columns(self) -> None:
        """Bring each column to mean 0 and standard deviation 1."""

    def impute_columns(self) -> None:
        """Fill gaps, and add columns that say where they were."""

    def clip_columns(self, share: float) -> None:
        """Limit each column to its values but for that share at either end."""

    def drop_columns(self, names: Sequence[str]) -> None:
        """Leave out columns; `input 3` is the fourth of those without names."""

    def select_columns(self, share: float) -> None:
        """Keep that share of the columns, those that tell most of the target."""

    def cross_columns(self) -> None:
        """Add the squares and the products of all columns."""

    # -- rows that are trained on

    def drop_duplicates(self) -> None:
        """Keep one of each set of equal rows."""

    def oversample(self, ratio: float) -> None:
        """Draw rows of each class again, up to so many times the commonest's."""

    def undersample(self, ratio: float) -> None:
        """Keep at most so many times as many rows of a class as of the rarest."""

    def synthesize(self, ratio: float) -> None:
        """Make rows of each class between others, up to that of the commonest's."""

    def drop_noisy_labels(self) -> None:
        """Leave out rows whose label is most probably wrong."""

    def correct_labels(self) -> None:
        """Give rows whose label is most probably wrong the probable one."""

    # -- classes

    def weigh_classes(self) -> None:
        """Count each class as much as any other."""

    def tune_threshold(self) -> None:
        """Predict the rarer of two classes from the probability on that serves both."""

    # -- parameters

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor."""

    def train_longer(self, factor: float) -> None:
        """Take so many times as many iterations, or rounds of boosting."""

    def resize(self, factor: float) -> None:
        """Give the model so many times as many leaves, or units."""

    def decay_weights(self, rate: float) -> None:
        """Add a penalty of ½ `rate` on the squares of the weights to the mean loss."""

    def relax_penalties(self, factor: float) -> None:
        """Take every penalty on the weights times a factor."""

    def stop_early(self, patience: int) -> None:
        """End after so many rounds that do not help rows that are held out."""
