from pathlib import Path

import pytest

from wellfit.core.errors import BadRun, BadSetting
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.record import Recorder
from wellfit.show.report import report


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Recorder(tmp_path / "run") as recorder:
        recorder.fact("command", {"script": "train.py", "args": []})
        for step in range(30):
            recorder.value("train/loss", step, 1 / (1 + step))
    return recorder.folder


def test_it_stands_in_the_run_folder(folder: Path) -> None:
    written = report(folder)
    assert written == folder / "report.html"
    html = written.read_text(encoding="utf-8")
    assert "<h1>train.py</h1>" in html
    assert "Not checked" in html
    assert sorted(p.name for p in folder.glob("report*")) == ["report.html"]


def test_it_stands_where_it_is_asked_to(folder: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "made" / "for" / "it.html"
    assert report(str(folder), wanted, diagnosis=Diagnosis()) == wanted
    assert "Not checked" not in wanted.read_text(encoding="utf-8")


def test_a_name_that_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    run = Run.of({"val/recall@caf\udce9": [0.5]}, facts={})
    written = report(run, tmp_path / "report.html", diagnosis=Diagnosis())
    assert "caf" in written.read_text(encoding="utf-8")


def test_what_cannot_be_is_said_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRun, match="no run at"):
        report(tmp_path / "nothing")
    with pytest.raises(BadSetting, match="give the report a path"):
        report(Run(), diagnosis=Diagnosis())
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="can be written"):
        report(folder, tmp_path / "file" / "report.html")
