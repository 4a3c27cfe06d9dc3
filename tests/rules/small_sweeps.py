"""Real sweeps of trainings so small that they run while the tests do.

What each reached stands in Runs and searches as wellfit records them.
"""

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from wellfit.core.run import Event, Run

Sweep = tuple[Run, ...]
ROWS = 400  # of validation


def a_run(
    score: float,
    *,
    seed: int,
    settings: Mapping[str, float],
    metric: str = "accuracy",
    trivial: Mapping[str, float] | None = None,
) -> Run:
    """One training of a sweep, as a log or a recorded run tells of it."""
    facts = {
        "hyperparameters": dict(settings),
        "seeds": {"numpy": seed},
        "objective": {"trivial": dict(trivial or {})},
    }
    seen = Event(kind="evaluation", step=99, data={"phase": "val", "rows": ROWS})
    return Run.of({f"val/{metric}": {99: score}}, facts=facts, events=[seen])


def a_search(search: GridSearchCV, metric: str, trivial: Mapping[str, float]) -> Run:
    """What scikit-learn's search has tried, as the tap for it records that."""
    results: Mapping[str, Any] = search.cv_results_
    folds = {
        f"val/score@fold{f}": results[f"split{f}_test_score"]
        for f in range(search.n_splits_)
    }
    candidates = [
        {"parameters": p, "score": float(mean), "std": float(std)}
        for p, mean, std in zip(
            results["params"],
            results["mean_test_score"],
            results["std_test_score"],
            strict=True,
        )
    ]
    fact = {"metric": metric, "candidates": candidates, "best": int(search.best_index_)}
    return Run.of(folds, facts={"search": fact, "objective": {"trivial": trivial}})


def exclusive_or(units: int) -> Sweep:
    """Eight seeds of a network on exclusive or: two hidden units often get stuck."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2 * ROWS, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    return tuple(_exclusive_or(x, y, units, seed) for seed in range(8))


def _exclusive_or(x: Any, y: Any, units: int, seed: int) -> Run:
    model = MLPClassifier((units,), solver="lbfgs", random_state=seed, max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        model.fit(x[:ROWS], y[:ROWS])
    score = float(model.score(x[ROWS:], y[ROWS:]))
    trivial = {"accuracy": 0.5}
    return a_run(score, seed=seed, settings={"units": units}, trivial=trivial)


def descents(rates: Iterator[float] | list[float]) -> Sweep:
    """Least squares by gradient descent on batches, three seeds at each rate."""
    return tuple(_descent(rate, seed) for rate in rates for seed in range(3))


def _descent(rate: float, seed: int) -> Run:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * ROWS, 5)) * [3, 1, 1, 0.5, 0.2]
    y = x @ [0.3, 1, -1, 2, 4] + 0.3 * rng.normal(size=2 * ROWS)
    w = np.zeros(5)
    with np.errstate(all="ignore"):
        for _ in range(300):
            rows = rng.integers(0, ROWS, 100)
            w -= rate * x[rows].T @ (x[rows] @ w - y[rows]) / 100
        left = y[ROWS:] - x[ROWS:] @ w
        score = 1 - float(np.mean(left**2) / np.var(y[ROWS:]))
    settings = {"lr": rate}
    return a_run(score, seed=seed, settings=settings, metric="r2")


def ridge(alphas: list[float]) -> Sweep:
    x, y = load_diabetes(return_X_y=True)
    search = GridSearchCV(Ridge(), {"alpha": alphas}, cv=5).fit(x, y)
    return (a_search(search, "r2", {}),)


def support_vectors(cs: list[float]) -> Sweep:
    x, y = load_digits(return_X_y=True)
    grid = {"C": cs, "gamma": [1e-4, 1e-3, 1e-2]}
    search = GridSearchCV(SVC(), grid, cv=3).fit(x[:400], y[:400])
    return (a_search(search, "accuracy", {"accuracy": 0.11}),)


def neighbours(signal: float) -> Sweep:
    """Sixty settings, and sixty rows whose classes hang on `signal`."""
    rng = np.random.default_rng(1)
    y = np.arange(60) % 2
    x = rng.normal(size=(60, 10)) + signal * y[:, None]
    grid = {
        "n_neighbors": list(range(1, 16)),
        "weights": ["uniform", "distance"],
        "metric": ["euclidean", "chebyshev"],
    }
    search = GridSearchCV(KNeighborsClassifier(), grid, cv=5).fit(x, y)
    return (a_search(search, "accuracy", {"accuracy": 0.5}),)


@cache
def planted(rule: str) -> tuple[Sweep, ...]:
    """Sweeps that have what the rule is for."""
    made = {
        "seed-sensitivity": lambda: (exclusive_or(2),),
        "hyperparameter-sensitivity": lambda: (
            descents([0.13 * 1.2**n for n in range(8)]),
        ),
        "optimum-at-boundary": lambda: (
            support_vectors([1e-3, 1e-2, 1e-1]),
            ridge([1e1, 1e2, 1e3, 1e4]),
            descents([1e-4, 3e-4, 1e-3, 3e-3]),
        ),
        "search-overfitting": lambda: (neighbours(0.0),),
    }
    return made[rule]()


@cache
def healthy() -> Mapping[str, Sweep]:
    """Sweeps in which nothing is wrong."""
    return {
        "networks wide enough": exclusive_or(16),
        "rates on either side of the best": descents([3e-3, 1e-2, 3e-2, 1e-1, 2e-1]),
        "rates close together": descents([0.03 * 1.2**n for n in range(6)]),
        "penalties on either side of the best": ridge([1e-4, 1e-3, 1e-2, 1e-1, 1, 10]),
        "support vectors on either side": support_vectors([1e-2, 1e-1, 1, 10, 100]),
        "neighbours that know": neighbours(1.0),
    }
