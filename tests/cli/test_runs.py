"""`wellfit list`, `show` and `remove`."""

import json

import pytest

from wellfit import treat
from wellfit.core.plan import Change, Plan
from wellfit.record import Recorder
from wellfit.trials.executors.local import Local


def test_list_shows_a_line_a_run(wellfit, recorded):
    lines = wellfit("list").out.splitlines()
    first, second = (next(x for x in lines if n in x) for n in ("first", "second"))
    assert first.split()[-5:] == ["train.py", "3", "0.35", "done", "–"]
    assert second.split()[-2:] == ["unfinished", "–"]
    assert lines.index(second) < lines.index(first)


def test_list_says_when_there_is_nothing(wellfit):
    said = wellfit("list")
    assert said.status == 0
    assert "No runs in wellfit-runs yet" in said.out


def test_list_leaves_out_what_is_damaged_and_says_so(wellfit, recorded):
    (recorded / "third").mkdir()
    (recorded / "third" / "run.db").write_text("not a database")
    said = wellfit("list")
    assert said.status == 0
    assert "first" in said.out
    assert "third" not in said.out
    assert said.err.startswith("wellfit: left out: ")


def test_list_gives_json(wellfit, recorded):
    said = json.loads(wellfit("list", "--json", "-").out)
    assert said["schema"] == 1
    second, first = said["runs"]
    assert first["ended"] == "done"
    assert second["steps"] == 3
    assert second["train_loss"] == pytest.approx(1 / 3)


def test_show_puts_runs_side_by_side(wellfit, recorded):
    said = wellfit("show", "first", recorded / "second")
    rows = {line[:15].strip(): line[15:].split() for line in said.out.splitlines()}
    assert rows["learning rate"] == ["0.1", "0.01"]
    assert rows["command"] == ["train.py", "--lr=0.1", "train.py", "--lr=0.01"]
    assert rows["best val/loss"] == ["0.35", "0.26"]


def test_show_gives_json(wellfit, recorded):
    said = json.loads(wellfit("show", "first", "second", "--json", "-").out)
    rows = {row["name"]: row["values"] for row in said["rows"]}
    assert rows["steps"] == [3, 3]
    assert len(said["runs"]) == 2


def test_a_run_that_is_not_there_is_named_after_its_nearest(wellfit, recorded):
    said = wellfit("show", "frist")
    assert said.err == "wellfit: no run 'frist'; did you mean 'first'?\n"


def test_remove_removes_only_what_it_is_told(wellfit, recorded):
    said = wellfit("remove", "--yes", "first")
    assert said.status == 0
    assert [path.name for path in recorded.iterdir()] == ["second"]


def test_remove_asks_first(wellfit, recorded, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    said = wellfit("remove", "first")
    assert said.status == 2
    assert "--yes" in said.err
    assert (recorded / "first").is_dir()


def test_remove_removes_nothing_where_one_name_is_wrong(wellfit, recorded):
    assert wellfit("remove", "--yes", "first", "thrid").status == 2
    assert (recorded / "first").is_dir()


@pytest.fixture
def treated(recorded):
    """A treatment beside the runs, whose trials are there already."""
    plan = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.1}))
    script = recorded.parent / "train.py"
    script.write_text("raise SystemExit('it is not run')")
    folder = recorded / "train-treated"
    local = Local(words=[str(script)], module=False, folder=folder)
    for seed in range(1, 7):
        for one, loss in ((Plan(), 2.0 + seed), (plan, 0.1 * seed)):
            with Recorder(local.place(one, seed)) as recorder:
                recorder.value("val/loss", 1, loss)
                recorder.fact("outcome", {"exit": 0})
    treat(script, plan=plan, out=folder)
    return folder


def test_a_treatment_is_listed_beside_the_runs(wellfit, treated):
    out = wellfit("list").out
    assert "first" in out
    told = next(line for line in out.splitlines() if "train-treated" in line)
    assert told.endswith("treated: better  lower-learning-rate(factor=0.1)")


def test_a_treatment_is_listed_alone_too(wellfit, treated):
    assert wellfit("remove", "--yes", "first", "second").status == 0
    assert "train-treated" in wellfit("list").out


def test_a_treatment_is_removed_with_its_trials(wellfit, treated):
    assert wellfit("remove", "--yes", "train-treated").status == 0
    assert not treated.exists()
