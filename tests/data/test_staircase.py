"""The staircase of a column, beside scikit-learn's tree; and how pairs are counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor

from wellfit.data.scores import _auc
from wellfit.data.staircase import fit_staircase


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(2, 400),
    targets=st.integers(1, 4),
    depth=st.integers(0, 5),
    least=st.integers(1, 30),
    levels=st.sampled_from([2, 7, 60, 0]),
    missing=st.sampled_from([0.0, 0.3]),
    classes=st.booleans(),
)
def test_it_is_scikit_learns_tree(
    seed, rows, targets, depth, least, levels, missing, classes
):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, levels, rows) * 1.0 if levels else rng.normal(size=rows)
    x[rng.random(rows) < missing] = np.nan
    y = rng.normal(size=(rows, targets))
    y = np.digitize(y, [0.3, 0.9]) * 1.0 + 1e-6 * y if classes else y  # without ties
    asked = np.concatenate([rng.normal(size=30) * 30, [np.nan, np.inf, -np.inf], x])
    asked = np.clip(asked, -1e38, 1e38)
    found = fit_staircase(x, y, depth=depth, least=least).predict(asked)
    assert found.shape == (len(asked), targets)
    expected = np.tile(y.mean(0), (len(asked), 1))
    if depth and not np.isnan(x).all():
        tree = DecisionTreeRegressor(
            max_depth=depth, min_samples_leaf=least, random_state=0
        ).fit(x[:, None], y)
        expected = tree.predict(asked[:, None]).reshape(found.shape)
    seen = ~np.isnan(asked) | np.isnan(x).any()  # else scikit-learn's is by chance
    np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-9, atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_pairs_are_counted_as_scikit_learn_counts_them(seed, levels):
    rng = np.random.default_rng(seed)
    y = np.concatenate([[0.0, 1.0], rng.integers(0, 2, 50)])
    score = rng.integers(0, levels, 52) / 7
    assert _auc(y, score) == pytest.approx(roc_auc_score(y, score))
