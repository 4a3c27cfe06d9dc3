"""What is found in tables: against chance, long tails, codes, and other innocence."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.rules.tables import people
from wellfit.core.errors import BadSetting, BadTable, UnknownName
from wellfit.core.finding import Severity
from wellfit.core.run import Run
from wellfit.data import large, table
from wellfit.data.inspection import _order, inspect
from wellfit.data.likeness import duplicates
from wellfit.data.profile import kinds_of
from wellfit.data.spellings import folded
from wellfit.data.target import read_target
from wellfit.rules.target_leakage import TargetLeakage
from wellfit.verbs.diagnose import diagnose

RNG = np.random.default_rng(0)


def data(frame, **options):
    return inspect(pd.DataFrame(frame), **options).facts["data"]


def test_rows_that_are_equal_by_chance_are_no_copies():
    few = {
        n: RNG.integers(0, k, 2000) for n, k in zip("abcd", (3, 4, 5, 30), strict=True)
    }
    found = data(few)["duplicates"]
    assert found["repeated"] > 100
    assert found["copies"] < 0.1 * found["repeated"]


def test_copies_are_counted_among_rows_that_are_equal_by_chance():
    few = pd.DataFrame({n: RNG.integers(0, 12, 1000) for n in "abcd"})
    both = pd.concat([few, few.iloc[:80]], ignore_index=True)
    found = data(both)["duplicates"]
    assert found["copies"] == pytest.approx(80, abs=25)
    assert found["repeated"] >= 80


def test_a_row_with_another_target_conflicts():
    frame = people()
    both = pd.concat([frame, frame.iloc[:7].assign(bought="maybe")])
    assert duplicates(both, kinds_of(both), "bought")["conflicting"] == 7


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(size=5000),
        np.exp(RNG.normal(0, 1.5, 5000)),
        RNG.pareto(1.5, 5000),
        RNG.standard_t(3, 5000),
        RNG.poisson(2, 5000),
        np.where(RNG.random(5000) < 0.9, 0.0, RNG.exponential(50, 5000)),
        RNG.integers(0, 2, 5000) * 100.0,
        np.where(RNG.random(5000) < 0.99, 0.0, RNG.integers(1, 28, 5000)),
    ],
    ids=[
        "normal",
        "lognormal",
        "pareto",
        "student",
        "counts",
        "zeros",
        "heaps",
        "rain",
    ],
)
def test_long_tails_have_no_outliers(values):
    found = data({"x": values, "y": RNG.normal(size=len(values))})["outliers"]
    assert not [c for c in found if c["of_variance"] > 0.5]


def test_outliers_are_counted():
    values = RNG.normal(size=1000)
    values[:4] = [900, 1100, 1050, 980]
    (found,) = data({"x": values, "y": RNG.normal(size=1000)})["outliers"]
    assert (found["name"], found["count"], found["side"]) == ("x", 4, "high")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("NY", "ny", True),
        ("N.Y.", "ny", True),
        ("São Paulo", "sao paulo", True),
        ("New-York", "new york", True),
        ("10-14", "1014", False),
        ("1.5", "15", False),
        ("<=50K", ">50K", False),
        ("C++", "C", False),
    ],
)
def test_spellings(one, other, same):
    assert (folded(one) == folded(other)) is same


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["a", "A", "b", "B"], None),
        (["red", "green", "blue", "Red"], "spelling"),
        (["Iran", "Iraq", "Oman", "Mali"], None),
        (["yes", "no", "Y", "n"], "yes and no"),
        (["5-9", "59", "10-14", "15-19"], None),
    ],
)
def test_inconsistent(values, what):
    frame = {"x": [*values * 25, *values[:1] * 300], "y": RNG.normal(size=400)}
    found = data(frame)["inconsistent"]
    assert [c["what"] for c in found] == ([what] if what else [])


def test_columns_of_different_values_are_no_copies():
    frame = {"a": RNG.normal(size=500), "b": RNG.normal(size=500)}
    assert data(frame)["uninformative"]["copies"] == {}
    frame |= {"c": 2.54 * frame["a"], "d": -frame["b"]}
    assert data(frame)["uninformative"]["copies"] == {"c": "a", "d": "b"}


def test_what_is_missing_together():
    frame = people()
    frame.loc[:49, ["age", "score"]] = np.nan
    found = data(frame)["gaps"]
    assert found["patterns"][0] == {"columns": ["age", "score"], "rows": 49}


def test_parts_of_one_source_do_not_shift():
    alarms = 0
    for seed in range(3):
        both = people(150, seed=seed + 1), people(100, seed=99 + seed)
        found = data(both[0], validation=both[1])["shift"]
        alarms += bool(found["columns"]) + (found["auc_low"] > 0.55)
    assert alarms == 0


def test_all_of_it_is_json():
    frame = people().assign(bad=np.inf)
    said = inspect(frame, validation=people(80, seed=1), target="score")
    json.dumps(dict(said.facts), allow_nan=False)
    assert not [n for n in diagnose(said).not_checked.values() if "failed" in n.reason]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"target": "scor"}, UnknownName, "did you mean 'score'"),
        ({"split": "town"}, BadSetting, "says train and validation"),
        ({"group": "score", "target": "score"}, BadSetting, "the target"),
        ({"validation": pd.DataFrame({"z": [1, 2]})}, BadTable, "none of the columns"),
    ],
)
def test_misuse_is_told(options, error, said):
    with pytest.raises(error, match=said):
        inspect(people(), **options)


def test_a_large_file_reads_as_a_small_one(tmp_path, monkeypatch):
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    small = table.read_table(path).frame
    monkeypatch.setattr(table, "LARGE", 1)
    big = table.read_table(path).frame
    assert list(big) == list(small)
    for name in small:
        got = big[name].astype(small[name].dtype)
        pd.testing.assert_series_equal(got, small[name])


def test_a_large_file_with_a_late_change_of_type_is_read(tmp_path, monkeypatch):
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + "1,2\n" * 3000 + "x,?\n")
    monkeypatch.setattr(table, "LARGE", 1)
    monkeypatch.setattr(large, "BLOCK", 1000)
    frame = table.read_table(path).frame
    assert frame["a"].iloc[-1] == "x"
    assert np.isnan(frame["b"].iloc[-1])


def test_rows_that_are_sorted_by_the_target_are_noted():
    target = read_target(pd.Series(np.repeat(["a", "b"], 200), name="y"))
    assert _order(target)["score"] > 0.98
    facts = {"data": {"rows": 400, "order": _order(target), "columns": [
        {"name": n, "score": 0.6, "score_metric": "auc"} for n in "xz"
    ]}}  # fmt: skip
    found = TargetLeakage().judge(Run.of(facts=facts))
    assert found.severity is Severity.NOTE
    assert "sorted" in found.summary
