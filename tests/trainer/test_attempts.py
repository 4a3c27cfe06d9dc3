"""The records of several attempts, told as one."""

import pytest

from wellfit.record import Recorder, open_run
from wellfit.trainer.attempts import Attempt, attempts_at, begin, say_again


def attempt(trials, start, *, losses, evaluated):
    """A run folder: a loss a step from 0 on, evaluations after so many steps."""
    made = begin("mlp", trials, start)
    with Recorder(made.folder) as recorder:
        for step, loss in enumerate(losses):
            recorder.value("train/loss", step, loss)
        for step, loss in evaluated.items():
            recorder.value("val/loss", step, loss)
            recorder.event("evaluation", step, phase="val")
        recorder.fact("training", {"steps": len(losses), "seconds": 1.5})
        recorder.fact("start", {"from": start})
    return made


def joined(tmp_path, **how):
    with Recorder(tmp_path / "run") as recorder:
        steps = say_again(attempts_at("mlp", tmp_path / "trials"), recorder, **how)
    return open_run(tmp_path / "run"), steps


def series(run, name):
    signal = run.signal(name)
    return dict(zip(signal.steps.tolist(), signal.values.tolist(), strict=True))


def test_what_came_after_the_next_began_is_left_out(tmp_path):
    trials = tmp_path / "trials"
    attempt(trials, 0, losses=[8, 7, 6, 99, 99], evaluated={2: 0.5, 4: 0.25})
    attempt(trials, 3, losses=[5, 4], evaluated={1: 1.5, 2: 0.75})
    run, _ = joined(tmp_path)
    assert series(run, "train/loss") == {0: 8, 1: 7, 2: 6, 3: 5, 4: 4}
    assert series(run, "val/loss") == {2: 0.5, 4: 1.5, 5: 0.75}
    assert run.facts["start"] == {"from": 0}
    assert run.facts["training"] == {
        "steps": 5, "seconds": 3.0, "epochs": 3, "kept": 2,
    }  # fmt: skip


@pytest.mark.parametrize("again", [{}, {0: 0.5}])
def test_an_evaluation_at_the_seam_is_told_once(tmp_path, again):
    trials = tmp_path / "trials"
    attempt(trials, 0, losses=[8, 7], evaluated={2: 0.5})
    attempt(trials, 2, losses=[6, 5], evaluated={**again, 2: 0.25})
    run, _ = joined(tmp_path)
    assert run.signal("val/loss").steps.tolist() == [2, 4]
    assert [event.step for event in run.events] == [2, 4]


def test_attempts_that_got_no_further_are_forgotten(tmp_path):
    attempt(tmp_path, 0, losses=[1], evaluated={})
    attempt(tmp_path, 10, losses=[1], evaluated={})
    attempt(tmp_path, 30, losses=[1], evaluated={})
    attempt(tmp_path, 20, losses=[1], evaluated={})
    assert [a.start for a in attempts_at("mlp", tmp_path)] == [0, 10, 20]
    assert attempts_at("own", tmp_path) == []
    assert begin("own", tmp_path, 0) == Attempt(folder=tmp_path / "own")
