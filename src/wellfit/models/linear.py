"""A regularised linear model: logistic regression, or ridge."""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning  # noqa: TID253
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: TID253

from wellfit.data.features import View
from wellfit.models import arrays
from wellfit.models.model import (
    Fit,
    OnRound,
    Round,
    Rows,
    Scores,
    loss_of,
    never_ending,
)

FILE = "linear.npz"
STRENGTHS = (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01)  # each fit starts from the one before
STEPS = 200  # of L-BFGS, at most
WORSE = 1.05  # times the least validation loss: weaker is worse from there on


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear:
    """Logistic regression, or ridge regression.

    `strength` weighs the squared coefficients against the summed loss; validation
    rows choose it, from strong to weak, by their loss.
    """

    name: ClassVar[str] = "linear"
    view: ClassVar[View] = "dense"

    classes: int
    strength: float = 1.0

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Fit at its own strength, or at the best one for the validation rows."""
        if validation is None:
            return self._fit(self._estimate(train))
        return min(
            self._path(train, validation, on_round),
            key=lambda fit: loss_of(fit.fitted.predict(validation.x), validation.y),
        )

    def _path(self, train: Rows, validation: Rows, on_round: OnRound) -> Iterator[Fit]:
        estimator, least = None, np.inf
        for number, strength in enumerate(STRENGTHS, start=1):
            tried = replace(self, strength=strength)
            estimator = tried._estimate(train, start=estimator)
            fit = tried._fit(estimator)
            yield fit
            loss = loss_of(fit.fitted.predict(validation.x), validation.y)
            least = min(least, loss)
            going = on_round(Round(step=number, signals={}))
            if loss > WORSE * least or not going:
                return

    def _fit(self, estimator: Any) -> Fit:
        seen = getattr(estimator, "classes_", ())
        fitted = FittedLinear(
            classes=self.classes,
            weights=np.atleast_2d(estimator.coef_).astype(np.float64),
            biases=np.atleast_1d(estimator.intercept_).astype(np.float64),
            seen=np.asarray(seen, dtype=np.int64),
        )
        return Fit(fitted=fitted, settled=self)

    def _estimate(self, train: Rows, start: Any = None) -> Any:
        if not self.classes:  # in float32 its equations are too ill-conditioned
            return Ridge(alpha=self.strength).fit(train.x.astype(np.float64), train.y)
        estimator = deepcopy(start) or LogisticRegression(
            max_iter=STEPS, warm_start=True
        )
        estimator.set_params(C=1 / self.strength)
        with warnings.catch_warnings():  # the steps are bounded on purpose
            warnings.simplefilter("ignore", ConvergenceWarning)
            return estimator.fit(train.x, train.y)


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedLinear:
    """Weights and biases: a row for each class that was `seen`, one for two or none."""

    classes: int
    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    seen: NDArray[np.int64]

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, zero for a class that training had no row of; or numbers."""
        told = x.astype(np.float64) @ self.weights.T + self.biases
        if not self.classes:
            return np.asarray(told[:, 0])
        if len(self.seen) == 2:
            told = np.column_stack([np.zeros(len(told)), told])
        odds = np.exp(told - told.max(axis=1, keepdims=True))
        out = np.zeros((len(x), self.classes))
        out[:, self.seen] = odds / odds.sum(axis=1, keepdims=True)
        return out

    def save(self, folder: Path) -> None:
        """Write `linear.npz`."""
        said = {"weights": self.weights, "biases": self.biases, "seen": self.seen}
        arrays.write(folder / FILE, said)

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedLinear":
        """Read `linear.npz`; `ValueError` where it does not fit so many classes."""
        forms = {"weights": "f2", "biases": "f1", "seen": "i1"}
        said = arrays.read(folder / FILE, forms)
        seen = said["seen"]
        rows = len(seen) if len(seen) > 2 else 1
        if not {len(said["weights"]), len(said["biases"])} == {rows}:
            raise ValueError(f"{FILE} has weights of other classes than it has seen")
        if classes and (len(seen) < 2 or not np.all(np.diff(seen) > 0)):
            raise ValueError(f"{FILE} has not seen two classes")
        if len(seen) and not 0 <= seen[0] <= seen[-1] < classes:
            raise ValueError(f"{FILE} has seen classes that there are not")
        return cls(classes=classes, **said)
