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
from wellfit.models.model import (
    Fit,
    OnRound,
    Round,
    Rows,
    Scores,
    loss_of,
    never_ending,
)
from wellfit.models.skops_file import read, write

FILE = "linear.skops"
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
        fitted = FittedLinear(classes=self.classes, estimator=estimator)
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
    """A fitted scikit-learn estimator."""

    classes: int
    estimator: Any

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, zero for a class that training had no row of; or numbers."""
        if not self.classes:
            return np.asarray(self.estimator.predict(x), dtype=np.float64)
        out = np.zeros((len(x), self.classes))
        out[:, self.estimator.classes_] = self.estimator.predict_proba(x)
        return out

    def save(self, folder: Path) -> None:
        """Write `linear.skops`."""
        write(self.estimator, folder / FILE)

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedLinear":
        """Read `linear.skops`; `ValueError` where it holds anything but its types."""
        wanted = (LogisticRegression if classes else Ridge,)
        estimator = read(folder / FILE, trusted=(), wanted=wanted)
        return cls(classes=classes, estimator=estimator)
