"""`train` and `predict` in Python: from a table to predictions."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

import wellfit
from wellfit.core.errors import BadRun, BadSetting, BadTable, UnknownName
from wellfit.record import open_run
from wellfit.trainer import contest, pace
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train

HERE = Path(__file__).parent
DATA = Path(os.environ.get("WELLFIT_DATA") or HERE.parents[2] / "shared" / "data")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def houses(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    size, kind = rng.normal(size=rows), rng.choice(["hut", "villa"], rows)
    price = 2 * np.abs(size) + (kind == "villa") + 0.1 * rng.normal(size=rows)
    frame = pd.DataFrame({"size": size, "kind": kind, "price": price})
    return frame.assign(dear=np.where(price > 2, "yes", "no"), id=range(rows))


@pytest.fixture(scope="module", autouse=True)
def few():
    """A model of each kind, on three folds, and no search."""
    names = ("trivial", "linear", "lightgbm", "mlp")
    some = {name: contest.CANDIDATES[name] for name in names}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contest, "CANDIDATES", some)
        patched.setattr(contest, "MOST_DRAWN", 0)
        patched.setattr(pace, "MOST_FOLDS", 3)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory, few):
    out = tmp_path_factory.mktemp("runs") / "houses"
    return train(houses(), target="price", drop=["dear"], out=out, budget="10m")


def test_a_table_becomes_a_model_better_than_trivial(trained):
    said = trained.to_json()
    assert said["test"]["rmse"] < 0.3 * said["trivial"]["rmse"]
    assert said["validation"]["r2"] > 0.9
    assert [c["model"] for c in said["candidates"]][:4] == [
        "trivial", "linear", "lightgbm", "mlp",
    ]  # fmt: skip
    assert trained.study.left_out["id"].startswith("identifies rows")


def test_it_is_recorded(trained):
    run = open_run(trained.run.path)
    assert set(run.facts) >= {
        "command", "versions", "seeds", "data", "objective", "training", "candidates",
        "reference", "outcome",
    }  # fmt: skip
    assert run.facts["command"]["framework"] == "table"
    assert run.facts["data"]["target"]["name"] == "price"
    assert {"train/loss", "val/loss", "test/rmse"} <= set(run.signals)
    assert (run.path / "environment.json").exists()
    assert {p.name for p in (run.path / "trials").iterdir()} == {
        "trivial", "linear", "lightgbm", "mlp",
    }  # fmt: skip


def test_it_does_not_record_into_a_run_that_is_there(trained):
    with pytest.raises(BadRun, match="holds a run already"):
        train(houses(), target="price", out=trained.run.path)


def test_rules_speak_of_it(trained):
    assert "missing-values" in {
        *trained.diagnosis.passed, *(f.rule for f in trained.diagnosis.findings)
    }  # fmt: skip
    assert trained.diagnosis.run == trained.run.path


def test_it_predicts_from_frames_files_and_folders(trained, tmp_path):
    new = houses(50, seed=1)
    expected = trained.predict(new)
    assert np.corrcoef(expected["prediction"], new["price"])[0, 1] > 0.95
    new.to_csv(tmp_path / "new.csv", index=False)
    columns = ["kind", "size"]
    for data in (
        tmp_path / "new.csv",
        pl.from_pandas(new),
        pa.table(new),
        new[columns],
    ):
        for model in (trained.run.path, trained.result.path):
            pd.testing.assert_frame_equal(predict(model, data), expected)


def test_predicting_leaves_the_frame_alone_and_gives_a_row_for_each(trained):
    new = houses(7).iloc[::-1]
    before = new.copy()
    out = trained.predict(new)
    pd.testing.assert_frame_equal(new, before)
    pd.testing.assert_index_equal(out.index, before.index)


def test_the_same_seed_gives_the_same(tmp_path, trained):
    how = {"target": "price", "drop": ["dear"], "budget": "10m"}
    again = train(houses(), out=tmp_path / "again", **how)
    first, second = trained.to_json(), again.to_json()
    for said in (first, second):
        for candidate in said["candidates"]:
            del candidate["seconds"]
    same = ("validation", "test", "trivial", "candidates")
    assert [first[k] for k in same] == [second[k] for k in same]


def test_rows_to_test_on_may_be_a_table_of_their_own(tmp_path):
    new = houses(80, seed=1)
    new.to_csv(tmp_path / "test.csv", index=False)
    how = {"target": "price", "drop": ["dear"], "budget": 5}
    found = train(houses(), test=tmp_path / "test.csv", out=tmp_path / "run", **how)
    split = found.study.parts.split
    assert len(split.train) + len(split.validation) == 300
    assert len(split.test) == 80
    assert found.study.data["rows"] == 300
    error = found.predict(new)["prediction"] - new["price"]
    rmse = np.sqrt(np.mean(error**2))
    assert found.result.test["rmse"] == pytest.approx(rmse)
    words = found.run.facts["command"]["args"]
    assert words[-2:] == ["--test", "test.csv"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda new: new.drop(columns="kind"), "lacks the column 'kind'"),
        (lambda new: new.assign(dear="maybe"), "the class 'maybe', which no row"),
        (lambda new: new.assign(dear=None), "missing in all rows of the test table"),
    ],
)
def test_a_test_table_of_another_form_is_refused(change, said, tmp_path):
    new = change(houses(80, seed=1))
    with pytest.raises(BadTable, match=said):
        train(houses(), target="dear", test=new, out=tmp_path / "run")


def test_a_recipe_says_itself_what_it_is_tested_on(tmp_path):
    with pytest.raises(BadSetting, match="--test goes with a table"):
        train(houses(), target="price", test=houses(), asked=["seed=1"])


def test_classes_keep_their_labels(tmp_path):
    trained = train(
        houses(), target="dear", drop=["price"], out=tmp_path / "run", budget=8
    )
    out = trained.predict(houses(40, seed=1))
    assert set(out["prediction"]) <= {"yes", "no"}
    assert list(out)[1:] == ["probability of no", "probability of yes"]
    assert np.mean(out["prediction"] == houses(40, seed=1)["dear"]) > 0.8


def test_it_changes_neither_the_frame_nor_random_states(tmp_path):
    frame, before = houses(60), houses(60)
    np.random.seed(5)
    torch.manual_seed(5)
    train(frame, target="price", out=tmp_path / "run", budget=8)
    pd.testing.assert_frame_equal(frame, before)
    drawn = np.random.rand(), float(torch.rand(()))
    np.random.seed(5)
    torch.manual_seed(5)
    assert drawn == (np.random.rand(), float(torch.rand(())))


def test_infinite_and_mixed_values_are_findings_not_failures(tmp_path):
    frame = houses().astype({"size": object, "price": float})
    frame.loc[3, "size"], frame.loc[4, "size"] = np.inf, "unknown"
    frame["width"] = np.where(np.arange(300) % 50, 1.5 * np.arange(300), -np.inf)
    trained = train(
        frame, target="price", drop=["dear"], out=tmp_path / "run", budget=8
    )
    columns = {c["name"]: c for c in trained.run.facts["data"]["columns"]}
    assert columns["size"]["kind"] == "number"
    assert columns["size"]["mixed"] == pytest.approx(1 / 300)
    assert columns["size"]["infinite"] == pytest.approx(1 / 300)
    assert columns["width"]["infinite"] == pytest.approx(6 / 300)
    assert np.isfinite(trained.predict(frame)["prediction"]).all()


@pytest.mark.slow
def test_ten_thousand_columns_work(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 10_000))
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(10_000)])
    frame["y"] = x[:, 7]
    started = time.process_time()
    trained = train(frame, target="y", budget="60s", out=tmp_path / "run")
    assert time.process_time() - started < 90
    assert trained.result.chosen.model != "trivial"
    assert trained.result.test["rmse"] < 0.8 * trained.result.trivial["rmse"]


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"target": "prise"}, UnknownName, "did you mean 'price'"),
        ({"target": "price", "budget": "never"}, BadSetting, "got 'never'"),
        ({"target": "price", "ignore": ["overfiting"]}, UnknownName, "'overfitting'"),
        ({"target": "price", "sed": 1}, TypeError, "sed"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    how, error, said, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=said):
        train(houses(), **how)
    assert not list(tmp_path.iterdir())


def test_it_is_public():
    assert wellfit.train is train


TABLES = [
    ("adult/adult-train.csv", {"target": "column_15"}),
    ("adult/adult-test.csv", {"target": "column_15"}),
    ("drift/elec.csv", {"target": "class"}),
    ("drift/sea_stream.csv", {"target": "class"}),
    ("drift/occupancy.csv", {"target": "V1"}),
    ("drift/run_log.csv", {"target": "Distance"}),
    ("drift/phishing.csv.gz", {"target": "is_phishing"}),
    ("drift/segment.csv.zip", {"target": "category"}),
    ("drift/shuttle.csv.gz", {"target": "anomaly"}),
    ("house_ames/AmesHousing_full2930.csv", {"target": "SalePrice"}),
    ("house_ames/kaggle_train.csv", {"target": "SalePrice"}),
    ("house_california/housing.csv", {"target": "median_house_value"}),
    ("house_california/housing.csv", {"target": "ocean_proximity"}),
    ("imbalanced/abalone.csv", {"target": "column_9"}),
    ("imbalanced/bank-additional.csv", {"target": "y"}),
    ("imbalanced/banknote_authentication.csv", {"target": "column_5"}),
    ("imbalanced/glass.csv", {"target": "column_10"}),
    ("imbalanced/haberman.csv", {"target": "column_4", "metric": "auc"}),
    ("imbalanced/mammography.csv", {"target": "column_7"}),
    ("imbalanced/oil-spill.csv", {"target": "column_50"}),
    ("imbalanced/phoneme.csv", {"target": "column_6"}),
    ("imbalanced/pima-indians-diabetes.csv", {"target": "column_9"}),
    ("imbalanced/sonar.csv", {"target": "column_61"}),
    ("imbalanced/winequality-red.csv", {"target": "column_12"}),
    ("imbalanced/winequality-white.csv", {"target": "column_12"}),
    ("imbalanced/yeast.data", {"target": "class"}),
    ("messy/auto_imports.csv", {"target": "column_26"}),
    ("messy/diamonds.csv", {"target": "price"}),
    ("messy/horse-colic.csv", {"target": "column_24"}),
    ("messy/mpg.csv", {"target": "mpg"}),
    ("messy/penguins.csv", {"target": "species"}),
    ("messy/seaborn_titanic.csv", {"target": "survived"}),
    ("messy/titanic_train.csv", {"target": "Survived"}),
    ("timeseries/ETTh1.csv", {"target": "OT"}),
    ("timeseries/ETTh1.csv", {"target": "OT", "time": "date"}),
    ("timeseries/airline-passengers.csv", {"target": "Passengers"}),
    ("timeseries/daily-min-temperatures.csv", {"target": "Temp", "time": "Date"}),
    ("timeseries/pollution.csv", {"target": "pm2.5"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "how"), TABLES, ids=lambda v: str(v)[:60])
def test_real_tables_are_learnt_from_within_the_budget(name, how, tmp_path):
    if not DATA.is_dir():
        pytest.skip(f"no data at {DATA}; set WELLFIT_DATA")
    started = time.monotonic()
    trained = train(DATA / name, budget="60s", out=tmp_path / "run", **how)
    assert time.monotonic() - started < 75
    metric = trained.study.metric
    assert metric.better(
        trained.result.test[metric.name], trained.result.trivial[metric.name]
    )
    assert not any("failed" in r.reason for r in trained.diagnosis.not_checked.values())
    head = trained.study.table.frame.head(50)
    pd.testing.assert_frame_equal(
        predict(tmp_path / "run", head), trained.predict(head), check_exact=True
    )


@pytest.mark.slow
def test_a_corrupt_table_is_refused():
    if not DATA.is_dir():
        pytest.skip(f"no data at {DATA}; set WELLFIT_DATA")
    with pytest.raises(BadTable, match="0x55 451,405 times over"):
        train(DATA / "messy" / "CORRUPT_all_0x55.csv", target="SalePrice")
