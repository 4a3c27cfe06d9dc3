import os
import re
from pathlib import Path

import pytest

from wellfit.record import Recorder, new_folder, runs_in


def test_a_folder_is_made_and_named_by_time(tmp_path):
    folder = new_folder("train", base=tmp_path / "wellfit-runs")
    assert folder.is_dir()
    assert re.fullmatch(r"\d{8}-\d{6}-train", folder.name)


def test_many_at_once_are_all_different(tmp_path):
    folders = [new_folder("train", base=tmp_path) for _ in range(20)]
    assert len(set(folders)) == 20


@pytest.mark.parametrize(
    ("name", "suited"),
    [
        ("my run/π: 3.14", "my-run-π-3.14"),
        ("../..", "run"),
        ("", "run"),
        ("a" * 300, "a" * 60),
    ],
)
def test_names_suit_a_file_system(tmp_path, name, suited):
    folder = new_folder(name, base=tmp_path)
    assert folder.name.endswith(f"-{suited}")
    assert folder.parent == tmp_path


def test_where_none_can_be_made_the_path_is_returned(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "x")
    for base in ("file", "dangling"):
        folder = new_folder("train", base=tmp_path / base)
        assert folder.parent == tmp_path / base
        assert not folder.exists()


def test_runs_come_newest_first(tmp_path):
    for number, name in enumerate("bca"):
        with Recorder(tmp_path / name):
            pass
        os.utime(tmp_path / name / "run.db", (number, number))
    (tmp_path / "other").mkdir()
    (tmp_path / "file").touch()
    assert [run.name for run in runs_in(tmp_path)] == ["a", "c", "b"]


def test_a_run_that_is_written_is_the_newest(tmp_path):
    with Recorder(tmp_path / "going") as going:
        with Recorder(tmp_path / "ended"):
            pass
        os.utime(tmp_path / "going" / "run.db", (0, 0))
        os.utime(tmp_path / "ended" / "run.db", (1, 1))
        going.fact("a", 1)
        going.flush()
        assert [run.name for run in runs_in(tmp_path)] == ["going", "ended"]


def test_no_folder_has_no_runs(tmp_path):
    assert runs_in(tmp_path / "none") == []
    assert runs_in(Path(__file__)) == []
