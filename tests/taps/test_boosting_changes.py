"""A plan on boosters that know nothing of it, beside the same written by hand."""

from contextlib import contextmanager

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.base import clone

from wellfit.core.plan import Change, Plan
from wellfit.taps.boosting import changes
from wellfit.taps.estimators.given import Given
from wellfit.taps.estimators.stopping import places
from wellfit.taps.sklearn.changes import ChangesTap

XGB = {"objective": "binary:logistic", "nthread": 1, "max_depth": 3}
LGB = {"objective": "binary", "num_threads": 1, "verbose": -1, "num_leaves": 15}


def change(name, **params):
    return Change(change=name, params=params)


STOP = change("stop-early", patience=3)


@contextmanager
def changed(said, *changes_):
    plan = Plan.of(*changes_).to_json()
    taps = [
        ChangesTap(said, plan=plan),
        changes.xgboost(said, plan=plan),
        changes.lightgbm(said, plan=plan),
    ]
    for tap in taps:
        tap.attach()
    try:
        yield
    finally:
        for tap in reversed(taps):
            tap.finish()


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    return x, (x[:, 0] + rng.normal(0, 0.7, 300) > 1).astype(int)


def by_xgboost(rows, params=None, rounds=8, weight=None, **more):
    x, y = rows
    data = xgboost.DMatrix(x, y, weight=weight)
    model = xgboost.train({**XGB, **(params or {})}, data, rounds, **more)
    return model.predict(xgboost.DMatrix(x))


def by_lightgbm(rows, params=None, rounds=8, weight=None, **more):
    x, y = rows
    data = lightgbm.Dataset(x, y, weight=weight)
    model = lightgbm.train({**LGB, **(params or {})}, data, rounds, **more)
    return model.predict(x)


SETTINGS = [
    (change("lower-learning-rate", factor=0.1), {"eta": 0.03}, {"eta": 0.01}),
    (change("shrink-model", factor=0.25), {"max_depth": 1}, {"num_leaves": 4}),
    (change("penalize-weights", decay=0.5), {"lambda": 151.0}, {"lambda_l2": 150.0}),
]


@pytest.mark.parametrize(("one", "xgb", "lgb"), SETTINGS, ids=lambda v: str(v)[:20])
def test_parameters_are_those_of_the_plan(rows, said, one, xgb, lgb):
    with changed(said, one):
        found = by_xgboost(rows), by_lightgbm(rows)
    assert np.allclose(found[0], by_xgboost(rows, xgb), atol=1e-6)
    assert np.allclose(found[1], by_lightgbm(rows, lgb), atol=1e-9)
    assert not np.allclose(found[0], by_xgboost(rows))
    assert not np.allclose(found[1], by_lightgbm(rows))
    assert said.facts["plan"] == {
        "changes": [one.to_json()],
        "applied": True,
        "without_effect": {},
    }


def test_rounds_are_more_wherever_they_are_said(rows, said):
    with changed(said, change("train-longer", factor=3.0)):
        found = by_xgboost(rows), by_lightgbm(rows)
        by_name = by_lightgbm(rows, {"num_iterations": 4}, 100)
    assert np.array_equal(found[0], by_xgboost(rows, rounds=24))
    assert np.array_equal(found[1], by_lightgbm(rows, rounds=24))
    assert np.array_equal(by_name, by_lightgbm(rows, rounds=12))


def test_classes_are_weighed_and_the_data_are_as_before(rows, said):
    _, y = rows
    even = (len(y) / (2 * np.bincount(y)))[y]
    with changed(said, change("weight-classes")):
        found = by_xgboost(rows), by_lightgbm(rows)
        known = by_xgboost(rows, weight=np.linspace(1, 2, len(y)))
        squared = by_xgboost(rows, {"objective": "reg:squarederror"})
    assert np.allclose(found[0], by_xgboost(rows, weight=even), atol=1e-6)
    assert np.allclose(found[1], by_lightgbm(rows, weight=even), atol=1e-6)
    data = lightgbm.Dataset(*rows)
    with changed(said, change("weight-classes")):
        again = [lightgbm.train(LGB, data, 8).predict(rows[0]) for _ in range(2)]
    assert np.array_equal(again[0], again[1])
    assert np.array_equal(again[0], found[1])
    assert data.get_weight() is None
    both = by_xgboost(rows, weight=even * np.linspace(1, 2, len(y)))
    assert np.allclose(known, both, atol=1e-6)
    assert np.array_equal(squared, by_xgboost(rows, {"objective": "reg:squarederror"}))


def test_rows_are_held_out_to_stop_early(rows, said):
    x, y = rows
    given = Given(table=x, targets=y, names=("X", "y"), more={}, classifies=True)
    kept, held = places(given)
    assert len(held) == 30
    assert abs(y[held].mean() - y.mean()) < 0.02
    with changed(said, STOP):
        found = by_xgboost(rows, rounds=200), by_lightgbm(rows, rounds=200)
    best = xgboost.callback.EarlyStopping(rounds=3, save_best=True)
    out = xgboost.DMatrix(x[held], y[held])
    hand = xgboost.train(
        XGB,
        xgboost.DMatrix(x[kept], y[kept]),
        200,
        evals=[(out, "out")],
        callbacks=[best],
        verbose_eval=False,
    )
    assert hand.num_boosted_rounds() < 100
    assert np.allclose(found[0], hand.predict(xgboost.DMatrix(x)), atol=1e-6)
    assert not np.allclose(found[1], by_lightgbm(rows, rounds=200), atol=1e-3)


@pytest.mark.parametrize(
    "model",
    [
        xgboost.XGBClassifier(n_estimators=200, n_jobs=1, max_depth=3),
        lightgbm.LGBMClassifier(n_estimators=200, n_jobs=1, verbose=-1),
    ],
    ids=["xgboost", "lightgbm"],
)
def test_estimators_of_boosters_are_edited_once(rows, said, model):
    x, y = rows
    rate = change("lower-learning-rate", factor=0.5)
    usual = 0.3 if isinstance(model, xgboost.XGBClassifier) else 0.1
    with changed(said, rate):
        told = clone(model).fit(x, y).predict_proba(x)
    hand = clone(model).set_params(learning_rate=usual / 2).fit(x, y)
    assert np.array_equal(told, hand.predict_proba(x))
    with changed(said, STOP):
        stopped = clone(model).fit(x, y)
        assert stopped.get_params() == model.get_params()
    best = getattr(stopped, "best_iteration", None) or stopped.best_iteration_
    assert 0 < best < 150
    assert said.facts["plan"]["without_effect"] == {}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (change("standardize-inputs"), "stay as it was made"),
        (change("tune-threshold"), "predicts probabilities"),
        (change("clip-gradients"), "for trainings by gradients"),
    ],
    ids=lambda v: v.change if isinstance(v, Change) else None,
)
def test_what_cannot_be_done_is_said(rows, said, one, why):
    with changed(said, one):
        found = by_xgboost(rows)
    assert np.array_equal(found, by_xgboost(rows))
    (text,) = said.facts["plan"]["without_effect"].values()
    assert why in text


def test_detached_the_functions_are_the_librarys_own(said):
    before = xgboost.train, xgboost.training.train, lightgbm.train, lightgbm.cv
    with changed(said, STOP):
        assert xgboost.train is xgboost.training.train is not before[0]
    assert before == (
        xgboost.train,
        xgboost.training.train,
        lightgbm.train,
        lightgbm.cv,
    )
