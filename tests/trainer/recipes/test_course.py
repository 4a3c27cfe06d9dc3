"""Trainings by folds, and with no validation or no test rows."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer

from wellfit.core.errors import BadSetting
from wellfit.trainer.recipes import folds
from wellfit.trainer.recipes.folds import Fold, Settled
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train

SHORT = (
    "model.name=mlp", "loop.epochs=4", "model.params.hidden=[16]",
    "precision.device=cpu", "regularization.early_stopping.patience=2",
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cancer(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "cancer.csv"
    load_breast_cancer(as_frame=True).frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def by_folds(cancer, tmp_path_factory):
    """A training by folds, that nothing is to be changed of."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("runs") / "folds"
    asked = (*SHORT, "data.split.folds=3")
    return train(cancer, target="target", asked=asked, out=out)


def test_each_fold_is_recorded_and_judged(by_folds):
    run = by_folds.run
    assert {p.name for p in (run.path / "trials").iterdir()} == {
        "trivial", "fold-1", "fold-2", "fold-3", "mlp",
    }  # fmt: skip
    said = run.facts["folds"]
    each = [fold["validation"]["accuracy"] for fold in said["folds"]]
    assert len(each) == 3
    assert min(each) > 0.8
    assert said["mean"]["accuracy"] == pytest.approx(np.mean(each))
    assert said["deviation"]["accuracy"] == pytest.approx(np.std(each))
    assert by_folds.to_json()["validation"]["accuracy"] == said["mean"]["accuracy"]
    assert any(n.startswith("3 folds: accuracy") for n in by_folds.result.notes)


def test_the_model_is_trained_on_all_rows_of_the_folds_and_tested_once(by_folds):
    split = by_folds.study.parts.split
    rows = len(split.train) + len(split.validation)
    epochs = by_folds.run.facts["folds"]["epochs"]
    batches = -(-rows // by_folds.recipe.loop.batch_size)
    assert batches > -(-len(split.train) // by_folds.recipe.loop.batch_size)
    assert by_folds.run.facts["training"]["steps"] == epochs * batches
    assert by_folds.result.test["accuracy"] > 0.85


def test_its_model_predicts_once_it_is_loaded(by_folds, cancer):
    pd.testing.assert_frame_equal(
        predict(by_folds.run.path, cancer), by_folds.predict(cancer)
    )


@pytest.mark.parametrize("place", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_is_resumed_fold_by_fold_with_the_same_outcome(
    by_folds, cancer, tmp_path, monkeypatch, place
):
    asked = (*SHORT, "data.split.folds=3")
    real, done = folds.fit_of, []

    def killed(*args, **options):
        if len(done) == place:
            raise KeyboardInterrupt
        done.append(options.get("what"))
        return real(*args, **options)

    monkeypatch.setattr(folds, "fit_of", killed)
    said = {"target": "target", "asked": asked, "out": tmp_path / "run"}
    with pytest.raises(KeyboardInterrupt):
        train(cancer, **said)
    monkeypatch.setattr(folds, "fit_of", real)
    fitted = []
    monkeypatch.setattr(
        folds, "fit_of", lambda *a, **o: fitted.append(o["what"]) or real(*a, **o)
    )
    again = train(cancer, **said, resume="last")
    assert fitted == [*(f"fold-{n}" for n in range(place + 1, 4)), "on all folds"]
    expected = by_folds.result.path / "mlp.safetensors"
    found = again.result.path / "mlp.safetensors"
    assert found.read_bytes() == expected.read_bytes()
    assert again.result.chosen.validation == by_folds.result.chosen.validation


def test_inner_folds_choose_epochs_and_threshold_within_each_fold(cancer, tmp_path):
    asked = (*SHORT, "data.split.folds=2", "data.split.inner=2")
    asked += ("objective.threshold=tuned",)
    trained = train(cancer, target="target", asked=asked, out=tmp_path / "run")
    trials = tmp_path / "run" / "trials"
    for number in (1, 2):
        inner = [
            json.loads((trials / f"fold-{number}-{k}" / "fold.json").read_text())
            for k in (1, 2)
        ]
        outer = json.loads((trials / f"fold-{number}" / "fold.json").read_text())
        assert outer["epochs"] == round(np.median([fold["epochs"] for fold in inner]))
        chosen = np.median([fold["threshold"] for fold in inner])
        assert outer["threshold"] == pytest.approx(chosen)
    assert trained.model.threshold == trained.run.facts["folds"]["threshold"]


def test_what_folds_settle_is_the_median():
    made = [
        Fold(
            name=str(n),
            epochs=n,
            threshold=n / 10,
            validation={"rmse": float(n)},
            seconds=1.0,
        )
        for n in (1, 2, 9)
    ]
    found = Settled.by(made)
    assert (found.epochs, found.threshold) == (2, 0.2)
    assert found.scores() == {"rmse": 4.0}
    assert "3 folds: rmse 4 ± 3.6 (1, 2, 9)" in found.sentence("rmse")


@pytest.mark.parametrize("model", ["linear", "trivial", "lightgbm"])
def test_what_is_no_network_is_not_trained_by_folds(cancer, tmp_path, model):
    asked = (f"model.name={model}", "data.split.folds=3")
    with pytest.raises(BadSetting, match=f"folds with model {model}"):
        train(cancer, target="target", asked=asked, out=tmp_path / "run")


@pytest.mark.parametrize("model", ["mlp", "linear", "lightgbm"])
def test_without_validation_rows_the_test_rows_alone_judge(cancer, tmp_path, model):
    asked = ("data.split.validation=0", "regularization.early_stopping=null")
    chosen = SHORT[:4] if model == "mlp" else (f"model.name={model}",)
    trained = train(
        cancer, target="target", asked=(*chosen, *asked), out=tmp_path / "run"
    )
    assert trained.result.chosen.validation == {}
    assert trained.result.test["accuracy"] > 0.85
    assert len(trained.study.parts.split.train) > 440


def test_without_test_rows_nothing_is_said_of_new_ones(cancer, tmp_path):
    asked = (*SHORT, "data.split.test=0")
    trained = train(cancer, target="target", asked=asked, out=tmp_path / "run")
    said = trained.to_json()
    assert said["test"] == said["trivial"] == {}
    assert said["validation"]["accuracy"] > 0.85
    assert any("no rows were left to test on" in n for n in trained.result.notes)
