"""Splits: every row once, by seed alone, and as they were asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.errors import BadTable
from wellfit.data.split import (
    Sizes,
    split_at_random,
    split_by_class,
    split_by_group,
    split_by_time,
)

PARTS = ("train", "validation", "test")
codes = st.lists(st.integers(0, 4), min_size=20, max_size=200).map(np.array)


def parts(split):
    return [getattr(split, name) for name in PARTS]


def assert_whole(split, count):
    assert sorted(np.concatenate(parts(split)).tolist()) == list(range(count))
    for rows in parts(split):
        assert np.all(np.diff(rows) > 0)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(parts(a), parts(b), strict=True))


@given(st.integers(20, 500), st.integers(0, 10))
def test_a_random_split_has_every_row_once(count, seed):
    split = split_at_random(count, seed=seed)
    assert_whole(split, count)
    assert len(split.test) == len(split.validation) == round(count / 5)
    assert same(split, split_at_random(count, seed=seed))


@given(codes, st.integers(0, 10))
def test_a_split_by_class_has_every_row_once_and_every_class_in_training(y, seed):
    split = split_by_class(y, seed=seed)
    assert_whole(split, len(y))
    assert same(split, split_by_class(y, seed=seed))
    assert set(y[split.train]) == set(y)
    for code, count in zip(*np.unique(y, return_counts=True), strict=True):
        if count >= 3:
            assert code in y[split.validation]
            assert code in y[split.test]


def test_a_split_by_class_keeps_the_shares():
    y = np.repeat([0, 1, 2], [9000, 900, 100])
    split = split_by_class(y, seed=0)
    for rows, share in zip(parts(split), (0.6, 0.2, 0.2), strict=True):
        assert np.bincount(y[rows]) == pytest.approx(
            np.array([9000, 900, 100]) * share, abs=1
        )


def test_many_small_classes_add_up_to_the_sizes_asked_for():
    y = np.repeat(np.arange(200), 6)
    split = split_by_class(y, seed=0)
    assert len(split.test) == pytest.approx(240, rel=0.2)
    assert len(split.validation) == pytest.approx(240, rel=0.2)


def test_other_seeds_split_otherwise():
    y = np.tile([0, 1], 100)
    assert not same(split_at_random(200, seed=0), split_at_random(200, seed=1))
    assert not same(split_by_class(y, seed=0), split_by_class(y, seed=1))


@given(st.lists(st.floats(0, 50), min_size=20, max_size=100).map(np.array))
def test_the_past_trains_and_the_latest_tests(when):
    if len(np.unique(when)) < 3:
        with pytest.raises(BadTable, match="at least 3 different times"):
            split_by_time(when)
        return
    split = split_by_time(when)
    assert_whole(split, len(when))
    assert when[split.train].max() < when[split.validation].min()
    assert when[split.validation].max() < when[split.test].min()


def test_rows_without_a_time_train_and_that_is_said():
    when = np.array([np.nan, *range(10), np.nan])
    split = split_by_time(when)
    assert {0, 11} <= set(split.train)
    assert "2 rows without a time" in split.notes[0]


@given(st.lists(st.sampled_from("abcdefgh"), min_size=20, max_size=100), st.integers())
def test_a_group_is_never_torn(names, seed):
    groups = np.array(names)
    if len(set(names)) < 3:
        with pytest.raises(BadTable, match="at least 3 groups"):
            split_by_group(groups, seed=abs(seed))
        return
    split = split_by_group(groups, seed=abs(seed))
    assert_whole(split, len(groups))
    seen = [set(groups[rows]) for rows in parts(split)]
    assert all(seen)
    assert sum(len(s) for s in seen) == len(set(names))


def test_groups_fill_the_parts_as_asked_for():
    groups = np.repeat(np.arange(100), 10)
    split = split_by_group(groups, seed=0)
    assert [len(rows) for rows in parts(split)] == [600, 200, 200]


SIZES = st.builds(
    Sizes,
    validation=st.sampled_from([0.0, 0.1, 0.3]),
    test=st.sampled_from([0.0, 0.1, 0.3]),
)


@given(SIZES, st.integers(60, 200), st.integers(0, 9))
def test_sizes_are_as_asked_and_none_is_none(sizes, count, seed):
    y, groups = np.arange(count) % 3, np.arange(count) // 3
    for split in (
        split_at_random(count, seed=seed, sizes=sizes),
        split_by_class(y, seed=seed, sizes=sizes),
        split_by_time(np.arange(count, dtype=float), sizes=sizes),
        split_by_group(groups, seed=seed, sizes=sizes),
    ):
        assert_whole(split, count)
        assert len(split.test) == pytest.approx(count * sizes.test, abs=4)
        assert len(split.validation) == pytest.approx(count * sizes.validation, abs=4)
        assert bool(len(split.test)) == bool(sizes.test)
        assert bool(len(split.validation)) == bool(sizes.validation)
