"""Gaps in numbers, filled by what the other numbers of the row tell."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10  # at most, each of them over all columns with gaps
SAMPLED = 20_000  # rows tell enough

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A column, told by a weighted sum of the others, in their order."""

    column: int
    weights: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Imputer:
    """A first guess for each of the columns, and the steps that better it.

    Chained equations, of van Buuren and Groothuis-Oudshoorn (2011), mice; the fits are
    scikit-learn's `IterativeImputer`, which fills the same.
    """

    columns: tuple[str, ...]
    first: tuple[float, ...]
    steps: tuple[Step, ...]

    def fill(self, x: Matrix) -> Matrix:
        """The matrix with its gaps, which are NaN, filled."""
        gaps = np.isnan(x)
        filled = np.where(gaps, np.array(self.first), x)
        for step in self.steps:
            rows = gaps[:, step.column]
            if rows.any():
                others = np.delete(filled[rows], step.column, axis=1)
                told = others @ np.array(step.weights) + step.intercept
                filled[rows, step.column] = told
        return filled

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Imputer":
        """Read back what `to_json` gave."""
        steps = (Step(**{**s, "weights": tuple(s["weights"])}) for s in data["steps"])
        return cls(
            columns=tuple(data["columns"]),
            first=tuple(data["first"]),
            steps=tuple(steps),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def learn_imputer(x: Matrix, columns: tuple[str, ...]) -> Imputer | None:
    """Learn from these training rows, scaled alike; None where there is nothing to.

    A column without gaps in training rows has a first guess only.
    """
    if x.shape[1] < 2 or len(x) < 2 or not np.isnan(x).any():
        return None
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    fitted = IterativeImputer(
        max_iter=ROUNDS,
        initial_strategy="median",
        skip_complete=True,
        keep_empty_features=True,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last round is kept
        fitted.fit(x[:: max(1, len(x) // SAMPLED)])
    first = np.nan_to_num(fitted.initial_imputer_.statistics_)
    return Imputer(
        columns=columns,
        first=tuple(first.tolist()),
        steps=tuple(map(_step, fitted.imputation_sequence_)),
    )


def _step(fit: Any) -> Step:
    """Of one of scikit-learn's: the column, its neighbours in order, the regression."""
    column, neighbours, regression = fit
    order = np.argsort(neighbours)
    return Step(
        column=int(column),
        weights=tuple(np.asarray(regression.coef_)[order].tolist()),
        intercept=float(regression.intercept_),
    )
