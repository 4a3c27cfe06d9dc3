"""Preparation: learnt from training rows only, the same after a trip through JSON."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wellfit.core.errors import BadTable
from wellfit.core.recipe import Categories, Preparing
from wellfit.data.categories import told_of
from wellfit.data.columns import Kind
from wellfit.data.prepare import Preparation, prepare
from wellfit.data.profile import kinds_of
from wellfit.data.split import split_at_random
from wellfit.data.table import read_table
from wellfit.data.target import read_target
from wellfit.trainer.parts import Parts

FRAME = read_table(
    pd.DataFrame(
        {
            "size": [1.0, 2.0, None, 4.0, np.inf, 6.0] * 10,
            "colour": ["red", "blue", None, "red", "red", "green"] * 10,
            "sold": ["yes", "no", "no", None, "yes", "no"] * 10,
            "day": ["2020-01-31", "2020-02-29", None, "2021-03-01"] * 15,
            "id": range(60),
            "same": 1,
            "note": [f"this is the note of row {i}" for i in range(60)],
        }
    )
).frame
KINDS = kinds_of(FRAME)
PREPARED = prepare(FRAME, KINDS)


def test_what_is_left_out_is_said():
    assert set(PREPARED.left_out) == {"id", "same", "note"}
    assert PREPARED.left_out["note"] == "free text"
    assert [c.name for c in PREPARED.columns] == ["size", "colour", "sold", "day"]


def test_trees_get_numbers_with_gaps_and_codes():
    features = PREPARED.apply(FRAME, "coded")
    column = dict(zip(features.names, features.x.T, strict=True))
    assert np.isnan(column["size"]).tolist()[:6] == [0, 0, 1, 0, 1, 0]
    assert column["colour"].tolist()[:2] == [0.0, 1.0]
    assert np.isnan(column["colour"][2])
    assert column["sold"].tolist()[:3] == [1.0, 0.0, 0.0]
    assert column["day.month"].tolist()[:2] == [1.0, 2.0]
    assert column["day.year"][3] == 2021
    assert [features.names[i] for i in features.categorical] == ["colour"]


def test_other_models_get_finite_bounded_numbers_with_indicators():
    features = PREPARED.apply(FRAME, "dense")
    column = dict(zip(features.names, features.x.T, strict=True))
    assert np.isfinite(features.x).all()
    assert np.abs(features.x).max() <= 3
    assert column["size is missing"].tolist()[:6] == [0, 0, 1, 0, 1, 0]
    assert column["size"][2] == 0  # the median
    assert column["colour=red"].tolist()[:3] == [1, 0, 0]
    assert column["colour is missing"].tolist()[:3] == [0, 0, 1]


def test_rare_categories_share_a_column():
    colours = ["red"] * 40 + ["blue"] * 15 + ["green"] * 3 + ["pink"] * 2
    frame = pd.DataFrame({"colour": colours, "n": range(60)})
    features = prepare(frame, {"colour": Kind.CATEGORY}).apply(frame, "dense")
    assert features.names == (
        "colour=red",
        "colour=blue",
        "colour is rare",
        "colour is missing",
    )
    assert features.x.sum(axis=0).tolist() == [40, 15, 5, 0]


def test_only_training_rows_are_learnt_from():
    train, rest = FRAME.iloc[:30], FRAME.iloc[30:].assign(size=1e9, colour="never")
    learnt = prepare(train, KINDS)
    assert learnt == prepare(train.copy(), KINDS)
    assert "1000000000" not in json.dumps(learnt.to_json())
    assert np.isfinite(learnt.apply(rest, "dense").x).all()


@pytest.mark.parametrize("view", ["coded", "dense"])
def test_unseen_categories_are_taken(view):
    new = FRAME.assign(colour="violet")
    features = PREPARED.apply(new, view)
    column = dict(zip(features.names, features.x.T, strict=True))
    if view == "coded":
        assert np.isnan(column["colour"]).all()
    else:
        assert column["colour is rare"].all()


@pytest.mark.parametrize("view", ["coded", "dense"])
def test_a_trip_through_json_changes_nothing(view):
    again = Preparation.from_json(json.loads(json.dumps(PREPARED.to_json())))
    assert again == PREPARED
    before, after = PREPARED.apply(FRAME, view), again.apply(FRAME, view)
    np.testing.assert_array_equal(before.x, after.x)
    assert before.names == after.names


def test_order_and_other_columns_do_not_matter():
    shuffled = FRAME[FRAME.columns[::-1]].assign(extra=1)
    np.testing.assert_array_equal(
        PREPARED.apply(shuffled, "dense").x, PREPARED.apply(FRAME, "dense").x
    )


def test_a_missing_column_is_named():
    with pytest.raises(BadTable, match=r"lacks the column 'colour'.*mean 'color'"):
        PREPARED.apply(FRAME.rename(columns={"colour": "color"}), "dense")
    with pytest.raises(BadTable, match=r"'size' \(and 1 more\)"):
        PREPARED.apply(FRAME.drop(columns=["size", "day"]), "dense")


def test_a_table_of_nothing_to_learn_from_is_refused():
    with pytest.raises(BadTable, match=r"no column to learn from.*'id'.*--kind"):
        prepare(FRAME[["id", "note"]], {"id": KINDS["id"], "note": KINDS["note"]})


def test_a_column_without_values_in_training_is_taken():
    frame = FRAME.assign(size=np.nan)
    features = prepare(frame, KINDS).apply(FRAME, "dense")
    assert np.isfinite(features.x).all()


@example([0.0, 0.0, 0.0, -6.75163998393461e44, -5.066472225820321e-264])
@given(st.lists(st.floats(width=64) | st.none(), min_size=1, max_size=30))
def test_any_numbers_become_finite_ones(values):
    frame = read_table(pd.DataFrame({"x": values, "y": 1.0})).frame
    features = prepare(frame, {"x": Kind.NUMBER}).apply(frame, "dense")
    assert np.isfinite(features.x).all()
    assert np.abs(features.x).max() <= 3


HOWS = [
    Preparing(scaling=scaling, imputation=imputation, crosses=crosses)
    for scaling, imputation, crosses in [
        ("none", "mean", ()),
        ("min-max", "median", (("size", "sold"),)),
        ("z-score", "iterative", (("colour", "sold"),)),
        ("robust", "iterative", ()),
    ]
] + [
    Preparing(
        categories=Categories(rare=1, most=1, beyond="target"),
        polynomials={"size": 3},
    )
]
TARGET = read_target(pd.Series(np.arange(60) % 7 + 0.5, name="y"))


@pytest.mark.parametrize("how", HOWS)
@given(st.integers(0, 5))
def test_rows_that_do_not_train_change_nothing_that_is_learnt(how, seed):
    split = split_at_random(60, seed=seed)
    rest = np.concatenate([split.validation, split.test])
    changed = FRAME.copy()
    changed.loc[rest, "size"] = 1e9
    changed.loc[rest, "colour"] = "never"
    changed.loc[rest, "sold"] = "no"
    other = replace(TARGET, y=TARGET.y.copy())
    other.y[rest] = -1e6
    kinds = {**KINDS, "day": Kind.DATE}
    first = Parts.of(FRAME, kinds, TARGET, split, how=how, seed=seed)
    again = Parts.of(changed, kinds, other, split, how=how, seed=seed)
    assert again.preparation == first.preparation
    for view in ("dense", "coded"):
        np.testing.assert_array_equal(
            again.rows("train", view).x, first.rows("train", view).x
        )


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("view", ["coded", "dense"])
def test_every_way_goes_through_json_and_gives_finite_features(how, view):
    told = told_of(TARGET, np.arange(60))
    made = prepare(FRAME, KINDS, how=how, told=told)
    again = Preparation.from_json(json.loads(json.dumps(made.to_json())))
    assert again == made
    features = again.apply(FRAME, view)
    np.testing.assert_array_equal(features.x, made.apply(FRAME, view).x)
    assert len(features.names) == len(set(features.names)) == features.x.shape[1]
    if view == "dense":
        assert np.isfinite(features.x).all()


def test_iterative_filling_stays_within_the_bounds():
    frame = pd.DataFrame({"a": np.arange(50.0), "b": 2 * np.arange(50.0)})
    frame.loc[::3, "a"] = np.nan
    made = prepare(frame, kinds_of(frame), how=Preparing(imputation="iterative"))
    new = pd.DataFrame({"a": [np.nan], "b": [1e12]})
    x = made.apply(new, "dense").x
    assert np.abs(x).max() <= 3
    near = made.apply(pd.DataFrame({"a": [np.nan, 20.0], "b": [40.0, 40.0]}), "dense").x
    assert near[0, 0] == pytest.approx(near[1, 0], abs=0.2)
    assert (near[0, 1], near[1, 1]) == (1, 0)
