"""Healthy trainings are left in peace; what is planted is found."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_friedman1,
)
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from wellfit.core.finding import Severity
from wellfit.record import Recorder, open_run
from wellfit.taps.sklearn.tap import SklearnTap
from wellfit.verbs.diagnose import diagnose

Rows = tuple[Any, Any]


def _found(folder: Path, model: Any, rows: Rows) -> set[str]:
    """The rules that warn of a training and its score on a third that is held back."""
    x, x_held, y, y_held = train_test_split(*rows, test_size=0.33, random_state=0)
    with Recorder(folder / "run") as recorder, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # that it did not converge, and is not asked here
        tap = SklearnTap(recorder)
        tap.attach()
        try:
            model.fit(x, y)
            model.score(x_held, y_held)
        finally:
            tap.finish()
    said = diagnose(open_run(folder / "run"))
    return {f.rule for f in said.findings if f.severity is not Severity.NOTE}


def _noisy(rows: int = 300) -> Rows:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10))
    return x, (x[:, 0] + x[:, 1] + rng.normal(0, 1.2, rows) > 0).astype(int)


def _rare() -> Rows:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 4))
    return x, (x[:, 0] + rng.normal(0, 1, 1500) > 2.6).astype(int)


def _gaps() -> Rows:
    x, y = load_breast_cancer(return_X_y=True)
    x[::7, 3] = np.nan
    return x, y


def _leaky() -> Rows:
    x, y = _noisy(600)
    return np.column_stack([x, y + np.random.default_rng(1).normal(0, 0.05, 600)]), y


def _rings() -> Rows:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(600, 2))
    return x, ((x**2).sum(axis=1) < 0.6).astype(int)


def _waves() -> Rows:
    x, y = make_friedman1(400, noise=1.0, random_state=0)
    return x, y


scaled = partial(make_pipeline, StandardScaler())
cancer = partial(load_breast_cancer, return_X_y=True)
wine = partial(load_wine, return_X_y=True)
digits = partial(load_digits, return_X_y=True)
diabetes = partial(load_diabetes, return_X_y=True)

HEALTHY: dict[str, tuple[Any, Callable[[], Rows]]] = {
    "linear": (scaled(LogisticRegression()), cancer),
    "ridge": (Ridge(), diabetes),
    "support-vectors": (scaled(SVC()), wine),
    "forest": (RandomForestClassifier(40, random_state=0), cancer),
    "forest-on-noise": (RandomForestClassifier(40, random_state=0), _noisy),
    "forest-regression": (RandomForestRegressor(30, random_state=0), _waves),
    "boosting": (GradientBoostingClassifier(n_estimators=40, random_state=0), cancer),
    "perceptron": (
        scaled(MLPClassifier((32,), max_iter=60, random_state=0)),
        digits,
    ),
    "bayes": (GaussianNB(), wine),
    "gaps-that-are-allowed": (
        HistGradientBoostingClassifier(max_iter=40, random_state=0),
        _gaps,
    ),
    "nearest": (scaled(KNeighborsClassifier()), digits),
}

PLANTED: dict[str, tuple[Any, Callable[[], Rows], str]] = {
    "grown-tree": (DecisionTreeClassifier(random_state=0), _noisy, "overfitting"),
    "too-many-rounds": (
        GradientBoostingClassifier(n_estimators=150, max_depth=5, random_state=0),
        _noisy,
        "overfitting",
    ),
    "forest-on-a-line": (
        RandomForestRegressor(30, random_state=0),
        diabetes,
        "overfitting",
    ),
    "line-through-rings": (LogisticRegression(), _rings, "underfitting"),
    "perceptron-unscaled": (
        MLPRegressor(hidden_layer_sizes=16, max_iter=40, random_state=0),
        lambda: (1000 * diabetes()[0] + 500, diabetes()[1]),
        "unscaled-inputs",
    ),
    "nearest-unscaled": (KNeighborsClassifier(), wine, "unscaled-inputs"),
    "vectors-unscaled": (SVC(), wine, "unscaled-inputs"),
    "rare-class-missed": (LogisticRegression(C=0.02), _rare, "class-imbalance"),
    "leak": (RandomForestClassifier(20, random_state=0), _leaky, "target-leakage"),
    "constant": (
        scaled(LogisticRegression(C=1e-9)),
        lambda: (cancer()[0], cancer()[1]),
        "constant-predictions",
    ),
    "gaps-refused": (LogisticRegression(), _gaps, "missing-values"),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_is_left_in_peace(name: str, tmp_path: Path) -> None:
    model, rows = HEALTHY[name]
    assert _found(tmp_path, model, rows()) == set()


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, tmp_path: Path) -> None:
    model, rows, rule = PLANTED[name]
    if name == "gaps-refused":
        with pytest.raises(ValueError, match="NaN"):
            _found(tmp_path, model, rows())
        said = diagnose(open_run(tmp_path / "run"))
        assert rule in {f.rule for f in said.findings}
        return
    assert rule in _found(tmp_path, model, rows())


def test_the_metrics_are_there() -> None:
    """Each function that is watched is one of this version's."""
    from wellfit.taps.sklearn.scores import METRICS

    assert not [name for name in METRICS if not hasattr(metrics, name)]
