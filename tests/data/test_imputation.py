"""Gaps filled by the other numbers: as scikit-learn fills them, in plain JSON."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from wellfit.data.imputation import ROUNDS, Imputer, learn_imputer

NAMES = ("a", "b", "c")


def holed(rows=200, seed=0, share=0.2):
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(rows, 1))
    x = base + 0.3 * rng.normal(size=(rows, 3))
    return np.where(rng.random(x.shape) < share, np.nan, x)


@settings(max_examples=10)
@given(st.integers(0, 1000), st.floats(0.05, 0.6))
def test_it_fills_as_scikit_learn_does(seed, share):
    train, new = holed(60, seed, share), holed(40, seed + 1, share)
    twin = IterativeImputer(
        max_iter=ROUNDS,
        initial_strategy="median",
        skip_complete=True,
        keep_empty_features=True,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        twin.fit(train)
    ours = learn_imputer(train, NAMES).fill(new)
    assert ours == pytest.approx(twin.transform(new), rel=1e-6, abs=1e-6)


def test_it_tells_more_than_the_median_does():
    rng = np.random.default_rng(0)
    base = rng.normal(size=300)
    whole = np.column_stack([base, base + 0.1 * rng.normal(size=300)])
    gaps = rng.random(whole.shape) < 0.2
    filled = learn_imputer(np.where(gaps, np.nan, whole), ("a", "b")).fill(
        np.where(gaps, np.nan, whole)
    )
    alone = gaps & ~gaps[:, ::-1]  # where the other is known
    assert np.abs(filled - whole)[alone].mean() < 0.2


def test_what_is_known_stays_and_nothing_is_missing():
    x = holed()
    filled = learn_imputer(x, NAMES).fill(x)
    np.testing.assert_array_equal(filled[~np.isnan(x)], x[~np.isnan(x)])
    assert np.isfinite(filled).all()
    assert np.isnan(x).any()  # the matrix itself is left alone


def test_a_column_that_had_no_gaps_gets_its_median():
    x = holed()
    x[:, 0] = np.arange(200)
    new = np.array([[np.nan, 0.0, 0.0]])
    assert learn_imputer(x, NAMES).fill(new)[0, 0] == 99.5


def test_a_column_without_values_is_filled_all_the_same():
    x = holed()
    x[:, 2] = np.nan
    assert np.isfinite(learn_imputer(x, NAMES).fill(x)).all()


def test_a_trip_through_json_changes_nothing():
    imputer = learn_imputer(holed(), NAMES)
    again = Imputer.from_json(json.loads(json.dumps(imputer.to_json())))
    assert again == imputer


@pytest.mark.parametrize(
    "x", [np.ones((9, 3)), np.array([[1.0], [np.nan]]), np.array([[1.0, np.nan]])]
)
def test_where_there_is_nothing_to_learn_there_is_no_imputer(x):
    assert learn_imputer(x, NAMES[: x.shape[1]]) is None
