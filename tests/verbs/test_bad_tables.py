"""Tables of every bad kind: a model all the same, or one sentence."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from wellfit.core.errors import BadTable
from wellfit.models.lightgbm import LightGbm
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def shop(rows=200):
    rng = np.random.default_rng(0)
    price, kind = rng.normal(size=rows).round(4), rng.choice(list("abc"), rows)
    frame = pd.DataFrame(
        {"price": price, "kind": kind, "size": rng.integers(9, size=rows)}
    )
    frame["day"] = pd.date_range("2024", periods=rows).strftime("%Y-%m-%d")
    return frame.assign(sold=np.where(price + (kind == "a") > 0.5, "yes", "no"))


def one_of_a_kind(frame):
    return frame.assign(sold=frame["sold"].where(frame.index != 7, "unique"))


def as_floats(frame):
    return frame.assign(sold=np.where(frame["sold"] == "yes", "1.0", "2.0"))


def as_booleans(frame):
    return frame.assign(sold=frame["sold"] == "yes")


def mixed(frame):
    third = frame.index % 3 == 0
    return frame.assign(sold=np.where(third, "1", frame["sold"]))


def infinite(frame):
    sold = 2 * frame["price"]
    return frame.assign(sold=sold.where(frame.index > 1, np.inf))


def gone_in_training(frame):
    return frame.assign(gone=[np.nan] * (len(frame) - 1) + [1.0])


def dates_out_of_range(frame):
    odd = ["9999-12-31", "0001-01-01", "2024-02-30", "1066-10-14"]
    return frame.assign(day=(odd * len(frame))[: len(frame)])


def some_odd_dates(frame):
    return frame.assign(day=frame["day"].where(frame.index > 3, "2999-31-31"))


def few(frame):
    return frame.head(20)


@pytest.mark.parametrize(
    ("spoilt", "classes"),
    [
        (one_of_a_kind, ("no", "unique", "yes")),
        (as_floats, (1, 2)),
        (as_booleans, (False, True)),
        (mixed, ("1", "no", "yes")),
        (infinite, ()),
        (gone_in_training, ("no", "yes")),
        (dates_out_of_range, ("no", "yes")),
        (some_odd_dates, ("no", "yes")),
        (few, ("no", "yes")),
    ],
)
def test_it_becomes_a_model_all_the_same(tmp_path, spoilt, classes):
    path = tmp_path / "shop.csv"
    spoilt(shop()).to_csv(path, index=False)
    trained = train(path, target="sold", budget=3, out=tmp_path / "run")
    assert trained.model.classes == classes
    new = trained.predict(path)
    assert not new.isna().any(axis=None)
    pd.testing.assert_frame_equal(predict(tmp_path / "run", path), new)


def test_a_validation_part_of_one_class_is_told(tmp_path):
    frame = shop(60).assign(order=range(60))
    early = np.where(np.arange(60) % 2, "yes", "no")
    frame["sold"] = np.where(np.arange(60) < 30, early, "yes")
    trained = train(frame, target="sold", time="order", budget=3, out=tmp_path / "run")
    told = [n for n in trained.result.notes if n.startswith("all validation rows")]
    assert told == ["all validation rows are yes: they tell little, and no AUC"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,a,y\n1,2,3,u\n", "2 columns called 'a'"),
        ("y\n" + "u\nv\n" * 40, "has one column"),
        ("x,y\n" + "1,u\n2,v\n" * 9, "at least 20 are needed"),
        ("x,y\n", r"a header \(2 columns\) and no rows"),
        ("x,y\n" + "1,u\n" * 40, "there is nothing to predict"),
    ],
)
def test_what_cannot_be_learnt_is_told_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(BadTable, match=sentence) as raised:
        train(path, target="y", budget=3, out=tmp_path / "run")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_class_a_row_is_refused_before_any_work(tmp_path):
    rows = 200_000
    labels = [f"class {i}" for i in range(rows)]
    frame = pd.DataFrame({"x": np.arange(rows) % 7, "y": labels})
    with pytest.raises(BadTable, match=r"([\d,]+) different values in \1 rows"):
        train(frame, target="y", budget=3, out=tmp_path / "run")


@pytest.mark.slow
def test_more_columns_than_anybody_needs(tmp_path):
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(
        rng.normal(size=(50, 50_000)), columns=map("g{}".format, range(50_000))
    )
    wide["y"] = np.where(wide["g7"] > 0, "up", "down")
    trained = train(wide, target="y", budget=10, out=tmp_path / "run")
    assert len(trained.predict(wide)) == 50


def test_a_candidate_that_runs_out_of_memory_is_left_out(tmp_path, monkeypatch):
    def fit(*_, **__):
        raise MemoryError

    monkeypatch.setattr(LightGbm, "fit", fit)
    trained = train(shop(), target="sold", budget=5, out=tmp_path / "run")
    assert "lightgbm ran out of memory, and is left out" in trained.result.notes
    assert "lightgbm" not in {c["model"] for c in trained.to_json()["candidates"]}


@pytest.fixture(scope="module")
def sold(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "shop"
    return train(shop(), target="sold", budget=5, out=out).run.path


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "zebra"}, "200 of 200 values of 'kind' were not there .*'zebra'"),
        ({"price": "much"}, "'price' held numbers .*: 200 of 200 values are none"),
        ({"day": "soon"}, "'day' held dates .*: 200 of 200 values are none"),
        ({"extra": 1}, None),
        ({"price": np.nan, "kind": None}, None),
    ],
)
def test_columns_that_are_not_as_they_were_are_told(sold, tmp_path, change, sentence):
    path, said = tmp_path / "new.csv", []
    shop().assign(**change).to_csv(path, index=False)
    predicted = predict(sold, path, say=said.append)
    assert len(predicted) == 200
    assert not predicted.isna().any(axis=None)
    assert bool(said) == (sentence is not None)
    assert sentence is None or re.search(sentence, said[0])


def test_a_column_that_is_missing_when_predicting_is_an_error(sold):
    with pytest.raises(BadTable, match="lacks the column 'kind'"):
        predict(sold, shop().drop(columns="kind"))
