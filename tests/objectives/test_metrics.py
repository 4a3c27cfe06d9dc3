"""Metrics: against scikit-learn, and the choice among them."""

import numpy as np
import pytest
from sklearn import metrics as sklearn

from wellfit.core.errors import UnknownName
from wellfit.objectives.metrics import METRICS, choose_metric, scores, signals

RNG = np.random.default_rng(0)


def predictions(classes, rows=300):
    p = RNG.dirichlet(np.ones(classes), size=rows)
    return p, RNG.integers(0, classes, rows)


@pytest.mark.parametrize("classes", [2, 5])
def test_classification_agrees_with_scikit_learn(classes):
    p, y = predictions(classes)
    guess = p.argmax(axis=1)
    auc = sklearn.roc_auc_score(y, p[:, 1] if classes == 2 else p, multi_class="ovr")
    assert scores("classification", p, y) == pytest.approx(
        {
            "accuracy": sklearn.accuracy_score(y, guess),
            "balanced_accuracy": sklearn.balanced_accuracy_score(y, guess),
            "auc": auc,
            "log_loss": sklearn.log_loss(y, p),
            "f1_macro": sklearn.f1_score(y, guess, average="macro"),
        }
    )


def test_regression_agrees_with_scikit_learn():
    p, y = RNG.normal(size=100), RNG.normal(size=100)
    assert scores("regression", p, y) == pytest.approx(
        {
            "rmse": sklearn.root_mean_squared_error(y, p),
            "mae": sklearn.mean_absolute_error(y, p),
            "r2": sklearn.r2_score(y, p),
        }
    )


def test_classes_that_are_not_there_are_left_out():
    p, y = predictions(4)
    few = y < 2
    found = scores("classification", p[few], y[few])
    assert np.isfinite(list(found.values())).all()
    one = y == 0
    assert np.isnan(scores("classification", p[one], y[one])["auc"])


def test_signals_name_the_classes():
    p, y = predictions(2)
    found = signals(p, y, ["no", "yes"])
    assert {"recall@no", "recall@yes", "top_share", "accuracy"} <= set(found)
    assert signals(y * 1.0, y * 2.0, [])["spread"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("counts", "name"),
    [
        ({}, "rmse"),
        ({"a": 50, "b": 50}, "accuracy"),
        ({"a": 90, "b": 10}, "auc"),
        ({"a": 45, "b": 45, "c": 10}, "log_loss"),
    ],
)
def test_the_metric_fits_the_classes_and_says_why(counts, name):
    task = "classification" if counts else "regression"
    metric = choose_metric(task, counts, np.arange(len(counts)))
    assert metric.name == name
    assert metric.why
    if name in {"auc", "log_loss"}:
        assert "10.0%" in metric.why


def test_the_user_has_the_last_word():
    assert choose_metric("regression", {}, RNG.random(3), "mae").why == "as asked"
    with pytest.raises(UnknownName, match="no metric of regression 'accuracy'"):
        choose_metric("regression", {}, RNG.random(3), "accuracy")


def test_one_class_alone_is_not_judged_by_auc():
    metric = choose_metric("classification", {"a": 90, "b": 10}, np.zeros(20))
    assert metric.name == "log_loss"


def test_better_follows_the_direction():
    assert METRICS["regression"]["r2"].better(0.9, 0.8)
    assert METRICS["regression"]["rmse"].better(0.8, 0.9)
