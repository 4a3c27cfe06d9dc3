"""What is decided about a table before anything is fitted."""

import numpy as np
import pandas as pd
import pytest

from wellfit.core.errors import BadSetting, BadTable, UnknownName
from wellfit.data.columns import Kind
from wellfit.data.table import read_table
from wellfit.trainer.study import Settings, study


def test_a_table_is_split_profiled_and_prepared(decide):
    found = decide()
    split = found.parts.split
    assert [len(split.train), len(split.validation), len(split.test)] == [120, 40, 40]
    assert found.metric.name == "rmse"
    assert found.left_out == {"sold": "as asked"}
    assert {c["name"] for c in found.data["columns"]} == {
        "size", "age", "colour", "when", "shop",
    }  # fmt: skip
    assert found.name == "table"


def test_only_training_rows_are_learnt_from(decide, frame):
    found = decide()
    rows = found.parts.split.train
    size = next(c for c in found.parts.preparation.columns if c.name == "size")
    assert size.center == pytest.approx(frame["size"].iloc[rows].median())


def test_scores_of_columns_leave_the_test_rows_alone(decide, frame):
    rows = decide().parts.split.test
    changed = frame.copy()
    changed.loc[rows, "price"] += 1000
    again = study(read_table(changed), Settings(target="price", drop=["sold"]))
    before = {c["name"]: c.get("score") for c in decide().data["columns"]}
    after = {c["name"]: c.get("score") for c in again.data["columns"]}
    assert after == pytest.approx(before, abs=1e-3)


def test_a_split_by_time(decide):
    found = decide(time="when")
    assert found.parts.split.how == "by time"
    assert found.parts.split.train.max() < found.parts.split.test.min()
    names = found.parts.preparation.apply(found.parts.frame, "dense").names
    assert "when.month" in names
    assert "when.year" not in names


def test_a_split_by_a_number_leaves_it_out(decide, frame):
    found = decide(time="age")
    assert found.left_out["age"] == "its times do not come again"


def test_a_split_by_group_leaves_the_group_out(decide, frame):
    found = decide(group="shop")
    assert found.left_out["shop"] == "says which rows belong together"
    shops = [
        set(frame["shop"].iloc[getattr(found.parts.split, part)])
        for part in ("train", "validation", "test")
    ]
    assert sum(map(len, shops)) == 20


def test_classes_are_stratified_and_judged_as_fits_them(decide):
    found = decide(target="sold", drop=["price"])
    assert found.parts.split.how == "stratified by class"
    assert found.target.classes == ("no", "yes")


def test_rows_without_a_target_and_rare_classes_are_said(frame):
    grades = np.resize(["a", "b", "c"], 200).astype(object)
    grades[:5], grades[5] = None, "unique"
    found = study(read_table(frame.assign(grade=grades)), Settings(target="grade"))
    assert found.notes == (
        "5 rows left out: they have no target",
        "classes with fewer than 3 rows cannot be in every part: unique",
    )
    code = found.target.classes.index("unique")
    assert code in found.target.y[found.parts.split.train]


def test_the_user_overrules_a_kind(decide):
    found = decide(kinds={"shop": "identifier"})
    assert found.kinds["shop"] is Kind.IDENTIFIER
    assert "shop" in found.left_out


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"target": "prise"}, UnknownName, "no column 'prise'; did you mean 'price'"),
        ({"time": "wen"}, UnknownName, "did you mean 'when'"),
        ({"drop": ["nothing"]}, UnknownName, "no column 'nothing'"),
        ({"kinds": {"sice": "text"}}, UnknownName, "did you mean 'size'"),
        ({"metric": "rsme"}, UnknownName, "did you mean 'rmse'"),
        ({"time": "colour"}, BadSetting, "'colour' is category"),
        ({"time": "when", "group": "shop"}, BadSetting, "got both"),
        ({"time": "price"}, BadSetting, "target 'price' itself"),
        ({"drop": ["price"]}, BadSetting, "target 'price' itself"),
        ({"kinds": {"price": "category"}}, BadSetting, "--task"),
        ({"budget": "soon"}, BadSetting, "got 'soon'"),
        ({"seed": -1}, BadSetting, "a seed is 0 to"),
        ({"budget": -1}, BadSetting, "got -1"),
        ({"task": "ranking"}, BadSetting, "got 'ranking'"),
        ({"kinds": {"size": "date"}}, BadSetting, "'size' has no dates"),
    ],
)
def test_what_cannot_be_is_refused(decide, how, error, said):
    with pytest.raises(error, match=said):
        decide(**how)


def test_a_training_part_of_one_class_is_refused(decide, frame):
    late = frame.assign(sold=np.where(np.arange(200) < 150, "no", "yes"))
    how = Settings(target="sold", time="when", drop=["price"])
    with pytest.raises(BadTable, match="split by time, target 'sold' is no in all"):
        study(read_table(late), how)


def test_settings_say_themselves_as_a_command_line():
    how = Settings(target="y", time="when", kinds={"zip": "text"}, drop=["a", "b"])
    said = "--target y --seed 0 --budget 60.0 --time when --kind zip=text"
    assert how.words() == [*said.split(), "--drop", "a", "--drop", "b"]


def test_a_table_of_the_target_alone_is_refused():
    with pytest.raises(BadTable, match="one column"):
        study(read_table(pd.DataFrame({"y": range(30)})), Settings(target="y"))
