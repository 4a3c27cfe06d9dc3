"""Candidates within a budget: each recorded, the best chosen, Ctrl-C survived."""

from dataclasses import replace

import pytest

from wellfit.core.errors import MissingExtra
from wellfit.objectives.metrics import METRICS
from wellfit.record import Recorder, open_run
from wellfit.trainer import contest as module
from wellfit.trainer.clock import Deadline
from wellfit.trainer.contest import Contest, hold
from wellfit.trainer.final import conclude


def held(study, tmp_path, seconds=60.0, tell=lambda progress: None):
    return hold(
        study.parts,
        folder=tmp_path / "trials",
        seed=0,
        until=Deadline.after(seconds),
        tell=tell,
    )


def test_every_candidate_is_fitted_recorded_and_better_than_trivial(decide, tmp_path):
    stages = []
    found = held(decide(), tmp_path, tell=stages.append)
    assert [e.model for e in found.entries] == ["trivial", "linear", "lightgbm", "mlp"]
    assert found.notes == ()
    trivial, *others = found.entries
    for entry in others:
        assert entry.validation["rmse"] < 0.6 * trivial.validation["rmse"]
    assert found.best(METRICS["regression"]["rmse"]).model == "linear"
    assert stages[-1].stage == "fitting mlp"
    assert stages[-1].round.signals["val/loss"] < 0.5


@pytest.mark.parametrize("target", ["price", "sold"])
def test_each_trial_is_a_run(decide, tmp_path, target):
    other = {"price": "sold", "sold": "price"}[target]
    found = held(decide(target=target, drop=[other]), tmp_path)
    score = "val/r2" if target == "price" else "val/accuracy"
    for entry in found.entries:
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
    assert any("lightgbm was not tried" in note for note in found.notes)


def test_a_candidate_that_is_cut_short_counts_and_that_is_said(decide, tmp_path):
    found = held(decide(), tmp_path, seconds=0.0)
    assert found.get("linear").cut
    assert found.get("linear").validation["r2"] > 0
    assert "linear was ended by the budget; more time may better it" in found.notes


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
    with Recorder(tmp_path / "main") as recorder:
        result = conclude(
            study, found, recorder, until=Deadline.after(60), tell=lambda p: None
        )
    assert result.model.kind == "linear"
    assert result.test["rmse"] < result.trivial["rmse"]
    assert any("interrupted while lightgbm" in note for note in result.notes)
    assert any("not refitted" in note for note in result.notes)


def test_ctrl_c_before_anything_is_done_ends_it(decide, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        held(decide(), tmp_path, tell=interrupt_at("fitting linear"))


def test_a_missing_library_is_said(decide, tmp_path, monkeypatch):
    def lacking(name):
        return ("skops",) if name == "linear" else ()

    monkeypatch.setattr(module, "lacking", lacking)
    monkeypatch.setattr(module, "CANDIDATES", ["trivial", "linear", "lightgbm"])
    found = held(decide(), tmp_path)
    assert [e.model for e in found.entries] == ["trivial", "lightgbm"]
    assert found.notes == (
        "linear was not tried: skops not installed; pip install 'wellfit[tables]'",
    )


def test_with_nothing_but_the_yardstick_installed_it_says_what_to_install(
    decide, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "CANDIDATES", ["trivial"])
    with pytest.raises(MissingExtra, match="wellfit\\[tables\\]"):
        held(decide(), tmp_path)


def test_of_equals_the_simplest_is_chosen(decide, tmp_path):
    found = held(decide(), tmp_path)
    equals = [replace(entry, validation={"rmse": 1.0}) for entry in found.entries]
    equal = Contest(entries=tuple(equals), notes=())
    assert equal.best(METRICS["regression"]["rmse"]).model == "trivial"


def test_the_refit_knows_the_validation_rows_and_the_test_rows_stay_out(
    decide, tmp_path
):
    study = decide()
    found = held(study, tmp_path)
    with Recorder(tmp_path / "main") as recorder:
        result = conclude(
            study, found, recorder, until=Deadline.after(60), tell=lambda p: None
        )
    merged = study.parts.merged()
    assert result.model.preparation == merged.preparation != study.parts.preparation
    assert not set(merged.split.train) & set(merged.split.test)
    assert len(merged.split.train) == 160
    run = open_run(tmp_path / "main")
    assert run.signal("test/rmse").last == pytest.approx(result.test["rmse"])
    chosen = open_run(tmp_path / "trials" / result.chosen.model)
    assert set(chosen.signals) <= set(run.signals)
