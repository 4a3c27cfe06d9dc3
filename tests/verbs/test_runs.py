"""Runs that are kept."""

from pathlib import Path

import pytest

from wellfit.core.errors import BadRun, UnknownName
from wellfit.core.run import Run
from wellfit.record import Recorder, open_run
from wellfit.verbs.runs import ended, find, remove, runs, summary


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        with Recorder(tmp_path / name) as recorder:
            recorder.value("train/loss", 0, 1.0)
    return tmp_path


def damage(run: Path) -> None:
    run.mkdir()
    (run / "run.db").write_bytes(b"not a database")


def test_the_latest_comes_first(base):
    assert [run.path.name for run in runs(base)] == ["two", "one"]


def test_no_folder_means_no_runs(tmp_path):
    assert runs(tmp_path / "nowhere") == ()


def test_a_damaged_run_is_left_out_with_a_warning(base):
    damage(base / "bad")
    with pytest.warns(UserWarning, match="left out: .*bad"):
        assert len(runs(base)) == 2


def test_a_run_is_found_by_path_and_by_name(base):
    assert find(str(base / "one"), Path("nowhere")) == base / "one"
    assert find("one", base) == base / "one"


def test_an_unknown_run_names_the_nearest(base):
    with pytest.raises(UnknownName, match="no run 'tow'; did you mean 'two'"):
        find("tow", base)


def test_remove_takes_the_whole_folder(base):
    (base / "one" / "model").mkdir()
    remove(base / "one")
    assert not (base / "one").exists()
    assert (base / "two").exists()


def test_remove_leaves_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadRun, match=r"it holds no run\.db; nothing removed"):
        remove(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_remove_of_a_link_leaves_what_it_leads_to(base):
    (base / "link").symlink_to(base / "one")
    remove(base / "link")
    assert not (base / "link").exists()
    assert (base / "one" / "run.db").exists()


def test_a_summary_says_what_was_seen(base):
    said = summary(open_run(base / "one"), base / "one")
    assert (said.run.name, said.steps, said.train_loss) == ("one", 1, 1.0)
    assert (said.model, said.val_loss, said.ended) == (None, None, "unfinished")


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (None, "unfinished"),
        ({"exit": 0, "error": None, "interrupted": False}, "done"),
        ({"error": None, "interrupted": False}, "done"),
        ({"exit": 3, "error": None, "interrupted": False}, "failed"),
        ({"exit": 1, "error": {"type": "ValueError"}, "interrupted": False}, "failed"),
        ({"exit": 130, "error": {"type": "X"}, "interrupted": True}, "interrupted"),
    ],
)
def test_how_it_ended_in_a_word(outcome, word):
    facts = {} if outcome is None else {"outcome": outcome}
    assert ended(Run.of(facts=facts)) == word
