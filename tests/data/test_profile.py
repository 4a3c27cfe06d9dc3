"""The profile: what it says, how columns are scored, and how fast."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.data.columns import Kind
from wellfit.data.profile import kinds_of, profile
from wellfit.data.scores import MOST_COLUMNS
from wellfit.data.table import read_table
from wellfit.data.target import read_target

RNG = np.random.default_rng(0)
N = 600


def profiled(columns, target="y", **overrides):
    frame = read_table(pd.DataFrame(columns)).frame
    kinds = kinds_of(frame, overrides)
    return profile(frame, kinds, target=read_target(frame[target]))


def by_name(said):
    return {column["name"]: column for column in said["columns"]}


def test_a_profile_says_what_a_column_holds():
    x = RNG.normal(5, 2, N)
    x[:60], x[60:66] = np.nan, np.inf
    words = [*map(str, range(N - 30)), *["broken"] * 30]
    said = profiled({"x": x, "words": words, "y": RNG.normal(size=N)})
    columns = by_name(said)
    assert columns["x"]["missing"] == pytest.approx(0.1)
    assert columns["x"]["infinite"] == pytest.approx(0.01)
    assert columns["x"]["mean"] == pytest.approx(5, abs=0.3)
    assert np.isfinite(columns["x"]["max"])
    assert columns["words"]["kind"] == "number"
    assert columns["words"]["mixed"] == pytest.approx(0.05)
    assert said["target"]["std"] == pytest.approx(1, abs=0.1)
    assert said["rows"] == N
    json.dumps(said, allow_nan=False)


def test_classes_are_counted():
    said = profiled({"x": RNG.normal(size=30), "y": ["a", "b", None] * 10})
    assert said["target"]["counts"] == {"a": 10, "b": 10}
    assert said["target"]["missing"] == pytest.approx(1 / 3)
    assert said["task"] == "classification"


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_a_column_is_scored_by_what_it_alone_tells(task):
    signal = RNG.normal(size=N)
    gaps = np.where(signal > 0, np.nan, 1.0)
    columns = {
        "itself": signal,
        "bent": np.abs(signal - 3),
        "binned": np.digitize(signal, [-1, 0, 1]).astype(str),
        "missing when high": gaps,
        "noise": RNG.normal(size=N),
        "noisy letters": RNG.choice(list("abcdefgh"), N),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(signal * 100, unit="h"),
        "code": [f"c{i}x" for i in range(N)],
        "same": 1,
        "y": np.where(signal > 0, "high", "low") if task == "classes" else signal,
    }
    said = by_name(profiled(columns))
    scores = {name: c.get("score") for name, c in said.items()}
    nothing = 0.5 if task == "classes" else 0.0
    assert said["itself"]["score_metric"] == ("auc" if task == "classes" else "r2")
    for name in ("itself", "bent", "binned", "day"):
        assert scores[name] > 0.85
    assert scores["missing when high"] > nothing + 0.3
    for name in ("noise", "noisy letters"):
        assert scores[name] == pytest.approx(nothing, abs=0.15)
    assert scores["code"] is scores["same"] is None


def test_many_classes_are_scored_one_against_the_rest():
    y = RNG.integers(0, 4, N)
    said = by_name(profiled({"told": y * 2.0, "noise": RNG.normal(size=N), "y": y}))
    assert said["told"]["score"] > 0.95
    assert said["noise"]["score"] == pytest.approx(0.5, abs=0.1)


def test_only_the_rows_given_are_scored():
    frame = pd.DataFrame({"x": RNG.normal(size=N)})
    frame["y"] = np.where(np.arange(N) < 300, frame["x"], RNG.normal(size=N))
    target = read_target(frame["y"])
    told, not_told = (
        profile(frame, kinds_of(frame), target=target, rows=rows)
        for rows in (np.arange(300), np.arange(300, N))
    )
    assert by_name(told)["x"]["score"] > 0.8
    assert by_name(not_told)["x"]["score"] < 0.2


def test_the_user_overrules_a_kind():
    frame = read_table(pd.DataFrame({"zip": [10115, 20095] * 20, "y": 1})).frame
    assert kinds_of(frame, {"zip": "category"})["zip"] is Kind.CATEGORY
    with pytest.raises(UnknownName, match="did you mean 'zip'"):
        kinds_of(frame, {"zipp": "category"})
    with pytest.raises(BadSetting, match="got 'colour'"):
        kinds_of(frame, {"zip": "colour"})


@pytest.mark.parametrize("kind", ["number", "date"])
def test_a_kind_that_no_value_has_is_refused(kind):
    frame = read_table(pd.DataFrame({"name": ["Ann", "Bob"] * 20, "y": 1})).frame
    with pytest.raises(BadSetting, match=f"'name' has no {kind}s"):
        kinds_of(frame, {"name": kind})


def test_ten_thousand_columns_are_profiled_in_seconds_and_the_best_are_scored():
    x = RNG.normal(size=(200, 10_000))
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(10_000)])
    frame["y"] = np.abs(x[:, 77]) + 0.1 * RNG.normal(size=200)
    started = time.process_time()
    columns = by_name(profile(frame, kinds_of(frame), target=read_target(frame["y"])))
    assert time.process_time() - started < 20
    assert sum("score" in column for column in columns.values()) == MOST_COLUMNS
    assert columns["c77"]["score"] > 0.7
