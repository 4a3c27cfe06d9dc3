"""What every model for tables is: fitted, asked to predict, saved as plain data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from wellfit.data.features import View

Scores = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """Rows ready for a model.

    `x` is rows by features, or of images the bytes of their pixels; `y` is the place of
    each row's class (int64), or its number (float64); `categorical` are the features
    that are codes.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    categorical: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One round or epoch is done: the `step` it ends at, and signals by full name."""

    step: int
    signals: Mapping[str, float]


OnRound = Callable[[Round], bool]  # False ends the fit, with the best round so far


def loss_of(prediction: Scores, y: NDArray[Any]) -> float:
    """What the models minimise: cross-entropy in nats, or the mean squared error."""
    if prediction.ndim == 1:
        return float(np.mean((prediction - y) ** 2))
    own = prediction[np.arange(len(y)), y]
    return float(-np.mean(np.log(np.clip(own, 1e-15, 1.0))))


def decided(p: Scores, threshold: float) -> Scores:
    """All of the probability for what is predicted of two classes.

    >>> decided(np.array([[0.7, 0.3]]), 0.3)
    array([[0., 1.]])
    """
    guess: Scores = np.eye(2)[(p[:, 1] >= threshold).astype(np.int64)]
    return guess


def never_ending(_: Round) -> bool:
    """The `on_round` of a fit that nobody watches."""
    return True


class Fitted(Protocol):
    """A model that has learnt."""

    @property
    def classes(self) -> int:
        """Their number, or 0 where a number is predicted."""
        ...

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, rows by classes; or the numbers, one a row."""
        ...

    def save(self, folder: Path) -> None:
        """Write into the folder; never a pickle."""
        ...

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> Self:
        """Read back what `save` wrote; `ValueError` where it is damaged.

        Nothing that the folder holds is run.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """What a fit gives: the model that has learnt, and how to refit it.

    `settled` is the model with everything that validation chose (rounds, strength):
    it can be fitted to all rows without any left for validation.
    """

    fitted: Fitted
    settled: "Model"


class Model(Protocol):
    """How to fit one kind of model. A frozen value: fitting leaves it as it was.

    `classes` is their number, or 0 where a number is predicted; `view` the form of
    the features that it takes. The same seed and rows give the same fit.
    """

    @property
    def view(self) -> View:
        """The form of the features that it takes."""
        ...

    @property
    def name(self) -> str:
        """Which kind of model it is."""
        ...

    @property
    def classes(self) -> int:
        """Their number, or 0 where a number is predicted."""
        ...

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Fit to `train`; what is to be chosen (rounds, strength) by `validation`.

        Without validation rows nothing is chosen: the model's own settings stand.
        """
        ...
