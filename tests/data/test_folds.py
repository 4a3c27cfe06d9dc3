"""Folds: every row validates once, the test rows never, and as they were asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit

from wellfit.core.errors import BadTable
from wellfit.data.folds import NONE, folds_of, nested_folds
from wellfit.data.split import Split, split_at_random, split_by_group

WAYS = ["random", "class", "group"]
seeds = st.integers(0, 99)
counts = st.integers(2, 6)


def whole(count):
    return Split(train=np.arange(count), validation=NONE, test=NONE, how="whole")


def keys_of(by, rows, seed):
    rng = np.random.default_rng(seed)
    return None if by == "random" else rng.integers(0, 8 if by == "group" else 3, rows)


def same(a, b):
    parts = ("train", "validation", "test")
    return all(np.array_equal(getattr(a, p), getattr(b, p)) for p in parts)


@pytest.mark.parametrize("by", WAYS)
@given(rows=st.integers(40, 200), count=counts, seed=seeds)
def test_every_row_validates_once_and_the_test_rows_never(by, rows, count, seed):
    split = split_at_random(rows, seed=seed)
    keys = keys_of(by, rows, seed)
    folds = folds_of(split, count, by=by, keys=keys, seed=seed)
    rest = np.sort(np.concatenate([split.train, split.validation]))
    validated = np.concatenate([fold.validation for fold in folds])
    np.testing.assert_array_equal(np.sort(validated), rest)
    for fold in folds:
        both = np.sort(np.concatenate([fold.train, fold.validation]))
        np.testing.assert_array_equal(both, rest)
        np.testing.assert_array_equal(fold.test, split.test)
    again = folds_of(split, count, by=by, keys=keys, seed=seed)
    assert all(same(a, b) for a, b in zip(folds, again, strict=True))


@given(rows=st.integers(20, 200), count=counts, seed=seeds)
def test_random_folds_are_of_one_size(rows, count, seed):
    sizes = [
        len(f.validation) for f in folds_of(whole(rows), count, by="random", seed=seed)
    ]
    assert max(sizes) - min(sizes) <= 1


@given(rows=st.integers(60, 200), count=counts, seed=seeds)
def test_classes_are_as_often_in_every_fold_as_scikit_learn_has_them(rows, count, seed):
    y = keys_of("class", rows, seed)
    folds = folds_of(whole(rows), count, by="class", keys=y, seed=seed)
    twin = StratifiedKFold(count, shuffle=True, random_state=seed)
    for k in range(3):
        ours = sorted(np.sum(y[f.validation] == k) for f in folds)
        theirs = sorted(np.sum(y[v] == k) for _, v in twin.split(y, y))
        assert max(ours) - min(ours) <= 1
        assert max(theirs) - min(theirs) <= 1
        assert sum(ours) == sum(theirs)


@given(rows=st.integers(60, 200), count=counts, seed=seeds)
def test_a_group_is_in_one_fold(rows, count, seed):
    groups = keys_of("group", rows, seed)
    for fold in folds_of(whole(rows), count, by="group", keys=groups, seed=seed):
        assert not set(groups[fold.train]) & set(groups[fold.validation])


def test_groups_are_spread_over_the_folds():
    groups = np.repeat(np.arange(8), [80, 40, 20, 20, 10, 10, 10, 10])
    folds = folds_of(whole(200), 2, by="group", keys=groups, seed=0)
    assert [len(fold.validation) for fold in folds] == [100, 100]


@given(rows=st.integers(20, 200), count=counts)
def test_the_past_trains_as_scikit_learn_has_it(rows, count):
    when = np.random.default_rng(rows).permutation(rows).astype(float)
    folds = folds_of(whole(rows), count, by="time", keys=when, seed=0)
    twin = TimeSeriesSplit(count).split(np.arange(rows))
    for fold, (train, validation) in zip(folds, twin, strict=True):
        assert when[fold.train].max() < when[fold.validation].min()
        # they leave what does not divide to the first stretch, we spread it
        assert abs(len(fold.train) - len(train)) <= count
        assert abs(len(fold.validation) - len(validation)) <= 2


@given(
    when=st.lists(st.integers(0, 30), min_size=30, max_size=99).map(
        lambda w: np.array(w, dtype=float)
    ),
    count=counts,
)
def test_rows_of_a_moment_stay_together(when, count):
    if len(np.unique(when)) <= count:
        with pytest.raises(BadTable, match="different times"):
            folds_of(whole(len(when)), count, by="time", keys=when, seed=0)
        return
    for fold in folds_of(whole(len(when)), count, by="time", keys=when, seed=0):
        assert len(fold.validation)
        assert when[fold.train].max() < when[fold.validation].min()


def test_rows_without_a_time_train():
    when = np.array([np.nan, *range(10), np.nan])
    folds = folds_of(whole(12), 3, by="time", keys=when, seed=0)
    assert all({0, 11} <= set(fold.train) for fold in folds)
    assert folds[0].how == "whole, fold 1 of 3"


@pytest.mark.parametrize("by", WAYS)
@given(seed=seeds)
def test_what_inner_folds_choose_has_not_seen_the_outer_ones(by, seed):
    keys = keys_of(by, 120, seed)
    found = nested_folds(
        split_at_random(120, seed=seed), 3, 2, by=by, keys=keys, seed=seed
    )
    assert len(found) == 3
    for outer, inner in found:
        assert len(inner) == 2
        for fold in inner:
            seen = {*fold.train, *fold.validation}
            assert not seen & {*outer.validation, *outer.test}
            assert seen <= set(outer.train)
            np.testing.assert_array_equal(fold.test, outer.validation)


def test_a_split_by_group_folds_on_by_group():
    groups = np.repeat(np.arange(20), 5)
    split = split_by_group(groups, seed=0)
    for fold in folds_of(split, 4, by="group", keys=groups, seed=0):
        parts = [set(groups[p]) for p in (fold.train, fold.validation, fold.test)]
        assert sum(map(len, parts)) == len(set.union(*parts))


@pytest.mark.parametrize(
    ("by", "keys", "said"),
    [
        ("random", None, "5 folds need at least 5 rows; got 4"),
        ("group", np.array([1, 1, 2, 2]), "at least 5 groups; got 2"),
        ("time", np.array([1.0, 1, 2, 2]), "at least 6 different times; got 2"),
    ],
)
def test_too_little_for_so_many_folds_is_refused(by, keys, said):
    with pytest.raises(BadTable, match=said):
        folds_of(whole(4), 5, by=by, keys=keys, seed=0)


def test_folds_need_what_they_go_by():
    with pytest.raises(ValueError, match="by class need the keys"):
        folds_of(whole(9), 3, by="class", seed=0)
