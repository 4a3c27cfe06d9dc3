"""Code goes to another machine whole, and nothing else does."""

import sys
from pathlib import Path

import pytest

from wellfit.core.errors import BadSetting
from wellfit.record import Recorder
from wellfit.trials.executors.sent import (
    bring,
    code_in,
    home_of,
    packed,
    paths_in,
    unpack,
)


def files_in(folder: Path) -> set[str]:
    found = (f for f in folder.rglob("*") if not f.is_dir() or f.is_symlink())
    return {str(file.relative_to(folder)) for file in found}


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    for name in (
        "train.py", "own/model.py", "own/model.pyc", "data/rows.csv", ".git/config",
        "wellfit-runs/a/run.db", "environment/pyvenv.cfg", "environment/lib/torch.py",
        "own/__pycache__/model.pyc", "out/trials/seed-1/said.txt",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    Recorder(root / "other-run").close()
    (tmp_path / "large").mkdir()
    (root / "linked").symlink_to("../large")
    (root / "same.py").symlink_to("train.py")
    return root


def test_the_code_is_sent_and_what_is_no_code_is_not(project, tmp_path):
    unpack(code_in(project, leave=project / "out"), tmp_path / "there")
    assert files_in(tmp_path / "there") == {
        "train.py", "own/model.py", "data/rows.csv", "linked", "same.py",
    }  # fmt: skip
    assert (tmp_path / "there" / "train.py").read_text() == "train.py"
    assert (tmp_path / "there" / "same.py").read_text() == "train.py"
    assert (tmp_path / "there" / "linked").resolve() == tmp_path / "large"


def test_what_is_too_large_is_named(project):
    (project / "data" / "rows.csv").write_bytes(b"0" * 2000)
    with pytest.raises(
        BadSetting, match=r"may have 0 MB.*has more.*most of it in data"
    ):
        code_in(project, leave=project / "out", most=1000)


def test_a_run_comes_back_whole_in_the_place_of_what_was_there(tmp_path):
    (tmp_path / "came" / "trials").mkdir(parents=True)
    (tmp_path / "came" / "said.txt").write_text("done")
    (tmp_path / "came" / "trials" / "run.db").write_bytes(b"\0\1")
    (tmp_path / "seed-1").mkdir()
    (tmp_path / "seed-1" / "stale").touch()
    (tmp_path / ".seed-1").mkdir()  # left by one that was interrupted
    bring(packed(tmp_path / "came"), tmp_path / "seed-1")
    assert files_in(tmp_path / "seed-1") == {"said.txt", "trials/run.db"}
    assert {p.name for p in tmp_path.iterdir()} == {"came", "seed-1"}


def test_a_script_is_sent_with_the_folder_we_are_in_or_its_own(
    project, tmp_path, monkeypatch
):
    monkeypatch.chdir(project)
    assert home_of(["own/model.py", "-v"], module=False) == (
        project,
        ["own/model.py", "-v"],
    )
    inside = str(project / "train.py")
    assert home_of([inside], module=False) == (project, ["train.py"])
    assert home_of(["own.model", "3"], module=True) == (project, ["own.model", "3"])
    monkeypatch.chdir(tmp_path / "large")
    assert home_of([inside, "-v"], module=False) == (project, ["train.py", "-v"])
    assert home_of([str(project)], module=False) == (project, ["."])


def test_folders_that_modules_are_imported_from_go_with_it(project, monkeypatch):
    library = project / "environment" / "lib"  # of an environment: not sent
    monkeypatch.setattr(
        sys, "path", [str(project), str(project / "own"), str(library), "/usr/lib"]
    )
    assert paths_in(project) == ["own"]
