"""Categories told by the target: out of fold where they were learnt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import TargetEncoder

from wellfit.core.recipe import Categories
from wellfit.data.categories import (
    SMOOTHING,
    Category,
    Encoded,
    category_features,
    learn_category,
    out_of_fold,
    told_of,
)
from wellfit.data.target import read_target

HOW = Categories(rare=1, most=2, beyond="target")


def drawn(rows=400, levels=12, seed=0):
    rng = np.random.default_rng(seed)
    level = rng.integers(0, levels, rows)
    y = level + rng.normal(size=rows)
    return pd.Series([f"l{k}" for k in level], name="zip"), y


def target_of(y):
    return read_target(pd.Series(y, name="y"))


def test_it_is_scikit_learns_of_new_rows():
    column, y = drawn()
    target = target_of(y)
    rule = learn_category(column, HOW, told_of(target, np.arange(len(y))))
    assert isinstance(rule, Encoded)
    new = pd.Series(["l1", "l7", "never", None], name="zip")
    ours = category_features(rule, new, "dense").x[:, 0]
    twin = TargetEncoder(smooth=SMOOTHING, target_type="continuous")
    twin.fit(column.to_frame(), y)
    theirs = twin.transform(pd.DataFrame({"zip": ["l1", "l7", "never", "never"]}))
    assert ours * y.std() + y.mean() == pytest.approx(theirs[:, 0])
    assert ours[2:] == pytest.approx([0, 0])


@given(st.integers(0, 39), st.floats(-1e3, 1e3), st.integers(0, 5))
def test_a_rows_own_target_does_not_tell_of_itself(row, value, seed):
    column, y = drawn(40, 4)
    told = told_of(target_of(y), np.arange(40))
    rule = learn_category(column, HOW, told)
    before = out_of_fold(rule, column, told, seed=seed).x[row]
    changed = told.copy()
    changed[row] = value
    np.testing.assert_array_equal(
        out_of_fold(rule, column, changed, seed=seed).x[row], before
    )


def test_levels_of_one_row_tell_nothing_on_training_rows():
    column = pd.Series([f"l{i}" for i in range(100)], name="zip")
    y = np.random.default_rng(0).normal(size=100)
    told = told_of(target_of(y), np.arange(100))
    x = out_of_fold(learn_category(column, HOW, told), column, told, seed=0).x
    assert not x.any()


def test_it_is_the_same_by_seed():
    column, y = drawn()
    told = told_of(target_of(y), np.arange(len(y)))
    rule = learn_category(column, HOW, told)
    one, same, other = (out_of_fold(rule, column, told, seed=s).x for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


@pytest.mark.parametrize(
    ("classes", "width"), [(["no", "yes"], 1), (["a", "b", "c"], 3)]
)
def test_two_classes_are_one_column_and_more_are_one_each(classes, width):
    column, _ = drawn()
    y = np.resize(classes, len(column))
    told = told_of(target_of(y), np.arange(len(y)))
    assert told.mean(axis=0) == pytest.approx(0, abs=1e-9)
    features = category_features(learn_category(column, HOW, told), column, "dense")
    assert features.x.shape[1] == width + 1  # and whether it is missing
    assert len(features.names) == width + 1


def test_trees_get_codes_all_the_same():
    column, y = drawn()
    told = told_of(target_of(y), np.arange(len(y)))
    features = category_features(learn_category(column, HOW, told), column, "coded")
    assert features.categorical == (0,)


def test_few_levels_have_a_column_each_and_so_have_all_without_a_target():
    column, y = drawn(levels=2)
    told = told_of(target_of(y), np.arange(len(y)))
    assert isinstance(learn_category(column, HOW, told), Category)
    many, _ = drawn()
    found = learn_category(many, HOW, None)
    assert isinstance(found, Category)
    assert found.common == HOW.most
