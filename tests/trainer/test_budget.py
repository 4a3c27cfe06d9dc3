"""What is done in a time: told by arithmetic over a pace, and by what a sample says."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from wellfit.data.table import read_table
from wellfit.trainer import looking, thinning
from wellfit.trainer.clock import Deadline
from wellfit.trainer.pace import FEWEST_ROWS, Pace, plan
from wellfit.trainer.study import Settings, study

PACES = [
    Pace(preparing=p, boosting=b, least=least)
    for p in (1e-7, 1e-5)
    for b in (1e-8, 1e-6)
    for least in (0.0, 2.0)
]


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("left", [3.0, 30.0, 300.0])
@pytest.mark.parametrize("rows", [100, 10_000, 1_000_000])
def test_what_is_planned_ends_in_time_or_is_the_least_there_is(pace, left, rows):
    made = plan(pace, rows, left)
    planned = made.rows or rows
    takes = made.folds * pace.seconds(planned, made.hurry)
    least = planned <= FEWEST_ROWS and made.folds == 1
    assert takes <= 0.41 * left or least
    assert planned <= rows


@pytest.mark.parametrize("rows", [500, 20_000, 1_000_000])
def test_more_time_is_never_put_to_less(rows):
    pace = Pace(preparing=1e-6, boosting=1e-7)
    plans = [plan(pace, rows, left) for left in (2, 5, 10, 30, 60, 300, 3000)]
    for less, more in pairwise(plans):
        assert more.folds >= less.folds
        assert more.hurry <= less.hurry
        assert (more.rows or rows) >= (less.rows or rows)


def large(rows):
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "x": x,
            "kind": rng.choice(["a", "b"], rows),
            "y": np.where(rng.random(rows) < 0.1, np.nan, x + rng.normal(size=rows)),
        }
    )


def test_a_table_that_is_too_large_is_looked_at_in_part_and_that_is_said(monkeypatch):
    monkeypatch.setattr(looking, "LOOKED", 500)
    table = read_table(large(4000))
    now = study(table, Settings(target="y"), until=Deadline.after(0))
    whole = study(table, Settings(target="y"))
    assert now.data["rows"] == whole.data["rows"] == 4000
    assert now.data["sampled"] == 500
    assert any("judged by 500 of its 4,000 rows" in note for note in now.notes)
    missing = (now.data["target"]["missing"], whole.data["target"]["missing"])
    assert missing[0] == pytest.approx(missing[1])
    for part in ("train", "validation", "test"):
        same = (getattr(one.parts.split, part) for one in (now, whole))
        np.testing.assert_array_equal(*same)


def test_a_table_that_is_far_too_large_is_used_in_part_and_that_is_said(monkeypatch):
    monkeypatch.setattr(thinning, "TRIED", 500)
    table = read_table(large(4000))
    made = thinning.thinned(table, Deadline.after(0), seed=0)
    assert len(made.frame) == 500
    assert "500 of the 4,000 rows are used" in made.notes[-1]
    kept = made.frame["x"].to_numpy()
    assert np.isin(kept, table.frame["x"]).all()
    assert thinning.thinned(table, None, seed=0) is table
    assert thinning.thinned(table, Deadline.after(1e6), seed=0) is table


def test_of_far_too_many_columns_some_are_used_and_that_is_said(monkeypatch):
    monkeypatch.setattr(thinning, "NARROW", 20)
    frame = pd.DataFrame({f"x{i}": np.arange(300.0) % (i + 3) for i in range(100)})
    frame["y"] = np.arange(300) % 7
    table = read_table(frame)
    how = Settings(target="y", group="x99", kinds={"x98": "category"})
    made = study(table, how, until=Deadline.after(0))
    assert "columns are used, drawn by the seed" in made.table.notes[-1]
    kept = list(made.table.frame)
    assert kept == sorted(kept, key=list(table.frame).index)
    assert 20 <= len(kept) <= 23
    assert {"x98", "x99", "y"} <= set(kept)
    assert len(made.table.frame) == 300
    again = study(table, how, until=Deadline.after(0))
    assert list(again.table.frame) == kept
    assert len(study(table, how, until=Deadline.after(1e6)).kinds) == 101


def test_fewer_rows_are_of_the_same_parts_and_prepared_alike(decide):
    parts = decide().parts
    some = parts.fewer(30, seed=1, judged=10)
    assert len(some.split.train) == 30
    assert len(some.split.validation) == 10
    assert set(some.split.train) <= set(parts.split.train)
    assert set(some.split.validation) <= set(parts.split.validation)
    assert some.preparation is parts.preparation
    rows = some.rows("train", "coded")
    expected = parts.preparation.apply(parts.frame.iloc[some.split.train], "coded")
    np.testing.assert_array_equal(rows.x, expected.x)
    whole = replace(parts, split=parts.split).fewer(10_000, seed=1)
    np.testing.assert_array_equal(whole.split.train, parts.split.train)
