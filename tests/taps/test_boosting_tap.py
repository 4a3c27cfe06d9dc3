"""The taps of XGBoost and LightGBM on real boosters: what they see, and leave alone."""

import os
import pickle
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
import xgboost as xgb
from scipy import sparse

from tests.taps.conftest import Said
from wellfit.callbacks import LightGBMCallback, XGBoostCallback
from wellfit.core.signals import SIGNALS, parse
from wellfit.record import Recorder, open_run
from wellfit.taps.boosting.lightgbm import LightGBMTap
from wellfit.taps.boosting.rows import numbers, sample
from wellfit.taps.boosting.trees import from_lightgbm, from_xgboost
from wellfit.taps.boosting.xgboost import XGBoostTap
from wellfit.verbs.diagnose import diagnose

TAPS = {"xgboost": XGBoostTap, "lightgbm": LightGBMTap}
both = pytest.mark.parametrize("framework", TAPS)
LIGHT = {"num_threads": 1, "deterministic": True, "verbosity": -1}


def rows(count: int = 300) -> tuple[Any, Any]:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(count, 5))
    noise = 0.5 * generator.normal(size=count)
    return x, (x[:, 0] + x[:, 1] * x[:, 2] + noise > 0).astype(int)


def boost(framework: str, rounds: int = 20, callbacks: Any = (), **more: Any) -> Any:
    x, y = rows()
    if framework == "xgboost":
        train, val = xgb.DMatrix(x[:200], y[:200]), xgb.DMatrix(x[200:], y[200:])
        return xgb.train(
            {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, **more},
            train,
            rounds,
            evals=[(val, "val")],
            verbose_eval=False,
            callbacks=list(callbacks),
        )
    train = lgb.Dataset(x[:200], y[:200])
    val = lgb.Dataset(x[200:], y[200:], reference=train)
    parameters = {"objective": "binary", "num_leaves": 7, **LIGHT, **more}
    return lgb.train(
        parameters, train, rounds, valid_sets=[val], callbacks=list(callbacks)
    )


def bits(booster: Any) -> bytes:
    if isinstance(booster, xgb.Booster):
        return bytes(booster.save_raw("ubj"))
    return booster.model_to_string().encode()


@both
def test_scores_of_the_training_rows_are_those_of_the_booster(
    framework: str, said: Said
) -> None:
    tap = TAPS[framework](said, every=1)
    tap.attach()
    booster = boost(framework)
    tap.finish()
    x, y = rows()
    held = xgb.DMatrix(x[:200]) if framework == "xgboost" else x[:200]
    p = booster.predict(held)
    loss = -np.log(np.where(y[:200] == 1, p, 1 - p)).mean()
    assert said.values["train/loss"][-1] == (20, pytest.approx(loss, rel=1e-6))
    accuracy = np.mean((p > 0.5) == (y[:200] == 1))
    assert said.only("train/accuracy")[-1] == pytest.approx(accuracy)
    recall = np.mean(p[y[:200] == 1] > 0.5)
    assert said.only("train/recall@1")[-1] == pytest.approx(recall)
    assert [step for step, _ in said.values["train/loss"]] == [*range(21)]
    share = y[:200].mean()
    guess = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert said.values["train/loss"][0] == (0, pytest.approx(guess))


@both
def test_trees_importance_and_rates_are_those_of_the_booster(
    framework: str, said: Said
) -> None:
    tap = TAPS[framework](said, every=1)
    tap.attach()
    booster = boost(framework, learning_rate=0.2)
    tap.finish()
    frame = booster.trees_to_dataframe()
    if framework == "xgboost":
        leaves = frame[frame["Feature"] == "Leaf"].groupby("Tree").size()
        gains = frame[frame["Feature"] != "Leaf"].groupby("Tree")["Gain"].sum()
        assert said.only("train/tree_depth") == [3.0] * 20
    else:
        leaves = frame[frame["left_child"].isna()].groupby("tree_index").size()
        gains = frame.groupby("tree_index")["split_gain"].sum()
        depths = frame.groupby("tree_index")["node_depth"].max() - 1
        assert said.only("train/tree_depth") == depths.tolist()
    assert said.only("train/tree_leaves") == leaves.tolist()
    assert said.only("train/tree_gain") == pytest.approx(gains.tolist(), rel=1e-4)
    assert said.only("train/learning_rate") == pytest.approx([0.2] * 20)
    assert len(said.facts["importance"]["gain"]) == 5


@both
def test_facts_have_the_form_that_rules_read(framework: str, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as recorder:
        tap = TAPS[framework](recorder, every=1)
        tap.attach()
        boost(framework, rounds=40)
        tap.finish()
    run = open_run(tmp_path / "run")
    objective = run.facts["objective"]
    assert (objective["task"], objective["classes"]) == ("binary", 2)
    assert sum(objective["targets"]["counts"].values()) == 200
    assert run.facts["training"]["steps"] == run.last_step + 1 == 40
    assert run.facts["data"]["rows"] == 200
    assert run.facts["reference"]["metric"] == "accuracy"
    assert run.facts["inputs"]["features"] == 5
    own = {"binary_logloss", "logloss"}
    assert {parse(name).name for name in run.signals} - own <= SIGNALS.keys()
    diagnosis = diagnose(run)
    assert "gradients" not in diagnosis.coverage
    assert diagnosis.healthy is not None


@both
def test_the_callback_sees_what_the_tap_sees(
    framework: str, tmp_path: Path, said: Said
) -> None:
    tap = TAPS[framework](said, every=1)
    tap.attach()
    bare = bits(boost(framework))
    tap.finish()
    kind: Any = XGBoostCallback if framework == "xgboost" else LightGBMCallback
    watched = kind(out=tmp_path / "run", every=1)
    again = pickle.loads(pickle.dumps(watched))
    assert again.__dict__.keys() == watched.__dict__.keys()
    assert bits(boost(framework, callbacks=[watched])) == bare
    run = watched.run
    assert watched.folder == tmp_path / "run"
    assert run.facts["command"]["framework"] == framework
    for name in ("train/loss", "val/loss", "train/tree_leaves"):
        assert run.signal(name).values.tolist() == said.only(name)


# -- what goes wrong ------------------------------------------------------------------


def _raises(*_: Any) -> Any:
    raise ZeroDivisionError("of the script's own")


class Raises(xgb.callback.TrainingCallback):
    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return bool(epoch >= 3 and _raises())


def _light_raises(env: Any) -> None:
    if env.iteration == 3:
        _raises()


@both
def test_an_error_in_a_callback_passes_without_a_line_of_ours(
    framework: str, said: Said
) -> None:
    tap = TAPS[framework](said, every=1)
    tap.attach()
    callback = Raises() if framework == "xgboost" else _light_raises
    with pytest.raises(ZeroDivisionError) as raised:
        boost(framework, callbacks=[callback])
    tap.finish()
    files = {
        frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)
    }
    assert not [f for f in files if "wellfit/taps" in f or "of wellfit" in f]
    assert said.facts["training"]["steps"] == 4
    assert not [kind for kind, *_ in said.events if kind == "note"]


@both
def test_an_error_in_an_objective_passes_without_a_line_of_ours(
    framework: str, said: Said
) -> None:
    x, y = rows()

    def train() -> None:
        if framework == "xgboost":
            xgb.train({"nthread": 1}, xgb.DMatrix(x, y), 3, obj=_raises)
        else:
            lgb.train({"objective": _raises, **LIGHT}, lgb.Dataset(x, y), 3)

    tap = TAPS[framework](said, every=1)
    tap.attach()
    with pytest.raises(ZeroDivisionError) as raised:
        train()
    tap.finish()
    files = {
        frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)
    }
    assert not [f for f in files if "wellfit/taps" in f or "of wellfit" in f]


@both
def test_models_and_functions_are_pickled_as_before(framework: str, said: Said) -> None:
    module: Any = {"xgboost": xgb, "lightgbm": lgb}[framework]
    original = module.train
    tap = TAPS[framework](said)
    tap.attach()
    booster = boost(framework)
    assert bits(pickle.loads(pickle.dumps(booster))) == bits(booster)
    assert pickle.loads(pickle.dumps(module.train)) is module.train
    kept = pickle.dumps(module.train)
    tap.finish()
    assert pickle.loads(kept) is module.train is original


@both
def test_a_second_fit_has_a_place_of_its_own(framework: str, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as recorder:
        tap = TAPS[framework](recorder, every=1)
        tap.attach()
        boost(framework, rounds=5)
        boost(framework, rounds=8)
        tap.finish()
    fits = open_run(tmp_path / "run").facts["fits"]["fits"]
    assert [one["where"] for one in fits] == [".", "trials/fit-2"]
    assert open_run(tmp_path / "run").facts["training"]["steps"] == 5
    second = open_run(tmp_path / "run" / "trials" / "fit-2")
    assert second.facts["training"]["steps"] == 8


@both
def test_an_estimator_is_recorded_once_with_scikit_learn_watched(
    framework: str, tmp_path: Path
) -> None:
    from wellfit.taps.sklearn.tap import SklearnTap

    x, y = rows()
    kind = {"xgboost": xgb.XGBClassifier, "lightgbm": lgb.LGBMClassifier}[framework]
    more = {} if framework == "xgboost" else {"verbosity": -1}
    with Recorder(tmp_path / "run") as recorder:
        taps = [SklearnTap(recorder, every=1), TAPS[framework](recorder, every=1)]
        for tap in taps:
            tap.attach()
        kind(n_estimators=6, n_jobs=1, **more).fit(x, y)
        for tap in taps:
            tap.finish()
    run = open_run(tmp_path / "run")
    assert run.facts["fits"]["count"] == 1
    assert run.facts["fits"]["fits"][0]["estimator"] == kind.__name__
    assert run.signal("train/loss").steps.tolist() == [*range(7)]


CTRL_C = """
import os, signal, sys
import numpy as np
x = np.random.default_rng(0).normal(size=(500, 4))
y = (x[:, 0] > 0).astype(int)
import lightgbm as lgb
def press(env):
    if env.iteration == 5:
        os.kill(os.getpid(), signal.SIGINT)
lgb.train({"objective": "binary", "num_threads": 1, "verbosity": -1},
          lgb.Dataset(x, y), 1000, callbacks=[press])
"""


def test_ctrl_c_leaves_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CTRL_C)
    ran = subprocess.run(
        [sys.executable, "-m", "wellfit", "run", "--out", "run", "train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert ran.returncode == 128 + signal.SIGINT
    assert ran.stderr.count("KeyboardInterrupt") == 1
    assert "wellfit/taps" not in ran.stderr
    assert "of wellfit" not in ran.stderr
    run = open_run(tmp_path / "run")
    assert run.facts["training"]["steps"] == 6
    assert run.facts["outcome"]["interrupted"] is True


# -- rows and trees -------------------------------------------------------------------


def test_rows_of_every_kind_are_sampled() -> None:
    x = np.arange(24.0).reshape(12, 2)
    frame = pd.DataFrame(x, columns=["a", "b"])
    tables: list[Any] = [
        x,
        frame,
        sparse.csr_matrix(x),
        pyarrow.Table.from_pandas(frame),
        polars.DataFrame({"a": x[:, 0], "b": x[:, 1]}),
    ]
    for table in tables:
        rows = sample(table)
        assert rows is not None
        found = numbers(rows.data)
        assert found is not None
        assert found[0].tolist() == x.tolist()


def test_what_cannot_be_read_cheaply_is_left_alone() -> None:
    for data in ("train.csv", [[1, 2], [3, 4]], np.zeros((3, 2000)), None):
        assert sample(data) is None


def test_categories_are_codes_and_text_is_left_out() -> None:
    frame = pd.DataFrame(
        {"kind": pd.Categorical(["x", None, "y"]), "text": list("abc")}
    )
    found = numbers(frame)
    assert found is not None
    assert found[1] == ["kind"]
    assert np.array_equal(found[0][:, 0], [0.0, np.nan, 1.0], equal_nan=True)


def test_a_tree_without_a_split_has_depth_zero() -> None:
    x, y = rows(60)
    booster = xgb.train({"gamma": 1e9, "nthread": 1}, xgb.DMatrix(x, y), 1)
    assert from_xgboost(booster.save_raw("json")) == [(0, 1, 0.0)]
    alone = lgb.train({"min_data_in_leaf": 50, **LIGHT}, lgb.Dataset(x, y), 1)
    assert [tree[:2] for tree in from_lightgbm(alone.model_to_string())] == [(0, 1)]
