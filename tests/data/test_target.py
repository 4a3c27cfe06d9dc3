"""The target: which task, which rows, which classes."""

import numpy as np
import pandas as pd
import pytest

from wellfit.core.errors import BadSetting, BadTable
from wellfit.data.table import read_table
from wellfit.data.target import read_target


def column(values):
    frame = pd.DataFrame({"y": list(values), "other": 1})
    return read_table(frame).frame["y"]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 20, "classification"),
        ([True, False] * 20, "classification"),
        ([0, 1] * 20, "classification"),
        (list(range(10)) * 4, "classification"),
        (list(range(11)) * 4, "regression"),
        ([0.5, 1.5] * 20, "regression"),
        (range(100), "regression"),
        ([1.0, 2.0, None] * 20, "classification"),
    ],
)
def test_the_task_is_told_by_the_values(values, task):
    assert read_target(column(values)).task == task


def test_the_user_has_the_last_word():
    assert read_target(column([1, 2, 3] * 10), "regression").task == "regression"
    assert read_target(column([0.5, 1.5] * 10), "classification").classes == (0.5, 1.5)
    with pytest.raises(BadSetting, match="classification, regression; got 'ranking'"):
        read_target(column([1, 2] * 20), "ranking")


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", None] * 20, ("a", "b")),
        ([2, 10, 1] * 10, (1, 2, 10)),
        ([2.0, 10.0, None] * 20, (2, 10)),
        ([True, False] * 20, (False, True)),
    ],
)
def test_classes_have_their_own_type_and_order(values, classes):
    target = read_target(column(values))
    assert target.classes == classes
    assert [type(c) for c in target.classes] == [type(c) for c in classes]
    present = [v for v in values if v is not None]
    assert [target.classes[i] for i in target.y] == present


def test_rows_without_a_target_are_left_out():
    values = [1.5, None, np.inf, 2.5, *np.arange(30) / 7]
    target = read_target(column(values))
    assert target.rows.tolist() == [0, 3, *range(4, 34)]
    assert target.y[:2].tolist() == [1.5, 2.5]


def test_counts_are_of_all_classes():
    assert read_target(column(["a"] * 30 + ["b"])).counts == {"a": 30, "b": 1}
    assert read_target(column(np.arange(40) / 3)).counts == {}


@pytest.mark.parametrize(
    ("values", "task", "said"),
    [
        ([None] * 30, None, "missing in all 30 rows"),
        ([5] * 30, None, "5 in every row"),
        (["x", None] * 30, None, "x in every row"),
        ([1, 2] * 5, None, "10 rows have a target; at least 20"),
        ([f"name {i}" for i in range(60)], None, "60 different values in 60 rows"),
        (["a", "b"] * 20, "regression", "has no numbers"),
        ([3.5, None, np.inf] * 30, "regression", "same number in every row"),
    ],
)
def test_a_target_nothing_can_be_learnt_from_is_refused(values, task, said):
    with pytest.raises(BadTable, match=said):
        read_target(column(values), task)
