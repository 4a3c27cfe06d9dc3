"""Candidates within a budget: each recorded, the best chosen, Ctrl-C survived."""

from dataclasses import replace

import numpy as np
import pytest

from wellfit.data.table import read_table
from wellfit.objectives.metrics import METRICS
from wellfit.record import Recorder, open_run
from wellfit.trainer import contest as module
from wellfit.trainer.clock import Deadline
from wellfit.trainer.contest import Contest, hold
from wellfit.trainer.final import conclude
from wellfit.trainer.study import Settings, study


def held(study, tmp_path, seconds=600.0, tell=lambda progress: None):
    return hold(
        study,
        folder=tmp_path / "trials",
        seed=0,
        until=Deadline.after(seconds),
        tell=tell,
    )


pytestmark = pytest.mark.usefixtures("few")
RMSE = METRICS["regression"]["rmse"]


def concluded(study, found, tmp_path):
    with Recorder(tmp_path / "main") as recorder:
        return conclude(
            study, found, recorder, until=Deadline.after(60), tell=lambda p: None
        )


def test_every_candidate_is_fitted_recorded_and_better_than_trivial(decide, tmp_path):
    stages = []
    found = held(decide(), tmp_path, tell=stages.append)
    names = [e.model for e in found.entries]
    assert names[:4] == ["trivial", "linear", "lightgbm", "mlp"]
    assert set(names[4:]) <= {"ensemble"}
    assert found.notes == ()
    trivial, *others = found.entries
    for entry in others:
        assert entry.validation["rmse"] < 0.6 * trivial.validation["rmse"]
    assert found.single.best(RMSE).model == "linear"
    assert stages[-1].stage == "fitting mlp"
    assert stages[-1].round.signals["val/loss"] < 0.5


def test_all_are_judged_by_all_rows_but_the_test_rows_and_never_by_their_own_fit(
    decide, tmp_path
):
    study = decide()
    found = held(study, tmp_path)
    parts = found.folds.parts
    assert len(parts) == 3
    judged = np.concatenate([one.split.validation for one in parts])
    known = np.concatenate([study.parts.split.train, study.parts.split.validation])
    assert sorted(judged) == sorted(known)
    for one in parts:
        assert not set(one.split.train) & set(one.split.validation)
        assert not set(one.split.test) & set(judged)
    for entry in found.single.entries:
        assert len(entry.guess) == len(judged)
        rows = len(parts[0].split.validation)
        last = entry.fits[1].fitted.predict(
            parts[1].rows("validation", entry.fit.settled.view).x
        )
        np.testing.assert_array_equal(entry.guess[rows : rows + len(last)], last)
        assert entry.validation["rmse"] == pytest.approx(
            np.sqrt(np.mean((entry.guess - found.folds.y) ** 2))
        )


@pytest.mark.parametrize("target", ["price", "sold"])
def test_each_trial_is_a_run(decide, tmp_path, target):
    other = {"price": "sold", "sold": "price"}[target]
    found = held(decide(target=target, drop=[other]), tmp_path)
    score = "val/r2" if target == "price" else "val/accuracy"
    for entry in found.single.entries:
        run = open_run(tmp_path / "trials" / entry.model)
        assert run.facts["outcome"] == {"error": None, "interrupted": False}
        assert run.facts["objective"]["trivial"]["loss"] > 0
        assert {"train/loss", "val/loss", score} <= set(run.signals)
        assert run.last_step + 1 == run.signal("val/loss").steps[-1]
    boosted = open_run(tmp_path / "trials" / "lightgbm")
    assert len(boosted.signal("val/loss")) == boosted.facts["training"]["steps"] > 50
    network = open_run(tmp_path / "trials" / "mlp")
    assert network.at("grad_norm")
    assert network.facts["model"]["class"] == "Network"


def test_the_budget_ends_the_fits(decide, tmp_path):
    found = held(decide(), tmp_path, seconds=0.0)
    assert [e.model for e in found.entries] == ["trivial", "linear"]
    assert "not tried, for want of time: lightgbm, mlp" in found.notes


def test_a_candidate_that_is_cut_short_counts_and_that_is_said(decide, tmp_path):
    found = held(decide(), tmp_path, seconds=0.0)
    assert found.get("linear").cut
    assert found.get("linear").validation["r2"] > 0
    assert "linear was ended by the budget; more time may better it" in found.notes


def test_a_candidate_that_fails_is_left_out_and_that_is_said(
    decide, tmp_path, monkeypatch
):
    def failing(*args, **settings):
        raise IndexError("list index out of range")

    broken = replace(module.CANDIDATES["lightgbm"], make=failing)
    candidates = {**module.CANDIDATES, "lightgbm": broken}
    monkeypatch.setattr(module, "CANDIDATES", candidates)
    found = held(decide(), tmp_path)
    assert [e.model for e in found.single.entries] == ["trivial", "linear", "mlp"]
    said = "lightgbm failed, and is left out: IndexError: list index out of range"
    assert said in found.notes


def interrupt_at(stage):
    """Ctrl-C when that stage begins."""

    def tell(progress):
        if progress.stage == stage:
            raise KeyboardInterrupt

    return tell


def test_ctrl_c_goes_on_with_what_is_done(decide, tmp_path):
    study = decide()
    found = held(study, tmp_path, tell=interrupt_at("fitting lightgbm"))
    assert found.interrupted
    assert [e.model for e in found.entries] == ["trivial", "linear"]
    result = concluded(study, found, tmp_path)
    assert result.chosen.model == "linear"
    assert result.test["rmse"] < result.trivial["rmse"]
    assert any("interrupted while lightgbm" in note for note in result.notes)


def test_ctrl_c_before_anything_is_done_ends_it(decide, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        held(decide(), tmp_path, tell=interrupt_at("fitting linear"))


def test_a_missing_library_is_said(decide, tmp_path, monkeypatch):
    def lacking(name):
        return ("torch",) if name == "mlp" else ()

    monkeypatch.setattr(module, "lacking", lacking)
    found = held(decide(), tmp_path)
    assert [e.model for e in found.single.entries] == ["trivial", "linear", "lightgbm"]
    assert found.notes == (
        "mlp was not tried: torch not installed; pip install 'wellfit[tables]'",
    )


def test_of_equals_the_simplest_is_chosen(decide, tmp_path):
    found = held(decide(), tmp_path, seconds=0.0)
    equals = [replace(entry, validation={"rmse": 1.0}) for entry in found.entries]
    equal = Contest(entries=tuple(equals), notes=())
    assert equal.best(RMSE).model == "trivial"


def test_an_ensemble_is_kept_where_it_is_better_out_of_fold(decide, frame, tmp_path):
    bent = frame.assign(price=np.where(frame["age"] > 0, frame["size"] ** 2, 0.0))
    bent["price"] += 0.5 * bent["size"] + 0.1 * np.cos(np.arange(200))
    study_of = study(read_table(bent), Settings(target="price", drop=["sold"]))
    found = held(study_of, tmp_path)
    together, single = found.get("ensemble"), found.single.best(RMSE)
    assert found.best(RMSE) is (
        together if together.validation["rmse"] < single.validation["rmse"] else single
    )
    assert sum(found.weights.values()) == pytest.approx(1)
    result = concluded(study_of, found, tmp_path)
    run = open_run(tmp_path / "main")
    said = run.facts["selection"]
    assert said["chosen"] == result.chosen.model
    assert said.get("weights", {}) == (
        dict(found.weights) if result.chosen is together else {}
    )
    assert set(open_run(single.folder).signals) <= set(run.signals)


def test_a_simple_model_is_refitted_to_all_rows_but_the_test_rows(decide, tmp_path):
    study = decide()
    found = held(study, tmp_path, seconds=0.0)
    result = concluded(study, found, tmp_path)
    merged = study.parts.merged()
    assert result.model.kind == "linear"
    assert result.model.preparation == merged.preparation != study.parts.preparation
    assert not set(merged.split.train) & set(merged.split.test)
    assert len(merged.split.train) == 160
    run = open_run(tmp_path / "main")
    assert run.signal("test/rmse").last == pytest.approx(result.test["rmse"])


def test_what_is_kept_of_folds_is_the_mean_of_their_fits(decide, tmp_path):
    study = decide()
    found = held(study, tmp_path)
    boosted = found.get("lightgbm")
    alone = replace(found, entries=(found.trivial, boosted), weights={})
    result = concluded(study, alone, tmp_path)
    assert len(result.model.members) == len(found.folds.parts)
    rows = study.parts.frame.iloc[study.parts.split.test]
    each = [
        fit.fitted.predict(parts.preparation.apply(rows, "coded").x)
        for fit, parts in zip(boosted.fits, found.folds.parts, strict=True)
    ]
    np.testing.assert_allclose(result.model.scores(rows), np.mean(each, axis=0))


def test_by_time_the_past_trains_and_the_last_fit_is_to_all_of_it(decide, tmp_path):
    study = decide(time="when")
    found = held(study, tmp_path)
    for parts in found.folds.parts:
        assert parts.split.train.max() < parts.split.validation.min()
        assert parts.split.validation.max() < study.parts.split.test.min()
    result = concluded(study, found, tmp_path)
    members = getattr(result.model, "members", (result.model,))
    merged = found.folds.parts[-1].merged()
    assert all(one.preparation == merged.preparation for one in members)
