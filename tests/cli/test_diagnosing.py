"""`wellfit diagnose` and `wellfit explain`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wellfit.record import Recorder


@pytest.fixture
def sick(tmp_path: Path) -> Path:
    """A run that overfits, called `sick`."""
    folder = tmp_path / "wellfit-runs" / "sick"
    with Recorder(folder) as recorder:
        for step in range(80):
            recorder.value("train/loss", step, 2.0 * 0.95**step)
        for step in range(10, 90, 10):
            recorder.value("val/loss", step, 1.0 + abs(step - 20) / 20)
    return folder


def test_findings_are_shown(wellfit: Callable[..., Any], sick: Path) -> None:
    said = wellfit("diagnose", "sick")
    assert said.status == 0
    assert "overfitting" in said.out
    assert "validation loss was best at step 20" in said.out


def test_findings_as_json(wellfit: Callable[..., Any], sick: Path) -> None:
    said = wellfit("diagnose", sick, "--json", "-")
    found = json.loads(said.out)
    assert found["healthy"] is False
    assert found["findings"][0]["rule"] == "overfitting"
    assert found["run"] == str(sick)


def test_findings_decide_the_status(wellfit: Callable[..., Any], sick: Path) -> None:
    assert wellfit("diagnose", "sick", "--fail-on", "warning").status == 10
    assert wellfit("diagnose", "sick", "--fail-on", "critical").status == 0
    ignored = ("--ignore", "overfitting", "--fail-on", "note")
    assert wellfit("diagnose", "sick", *ignored).status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("diagnose", "sik"), "no run 'sik'; did you mean 'sick'?"),
        (("diagnose", "sick", "--ignore", "overfiting"), "no rule 'overfiting'"),
        (("explain", "overfiting"), "did you mean 'overfitting'?"),
    ],
)
def test_misuse(
    wellfit: Callable[..., Any], sick: Path, words: tuple[str, ...], message: str
) -> None:
    said = wellfit(*words)
    assert said.status == 2
    assert message in said.err


def test_a_page_in_a_pipe_is_plain(wellfit: Callable[..., Any]) -> None:
    said = wellfit("explain", "dead-units")
    assert said.status == 0
    assert said.out.startswith("# dead-units\n")


def log(folder: Path, name: str, least: int) -> Path:
    """A table of forty epochs whose validation loss is best at `least`."""
    rows = [f"{n},{2 * 0.9**n},{1 + ((n - least) / 20) ** 2}" for n in range(40)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["epoch,loss,val_loss", *rows]))
    return path


def test_anybody_s_log(wellfit: Callable[..., Any], tmp_path: Path) -> None:
    said = wellfit("diagnose", log(tmp_path, "history.csv", 6))
    assert said.status == 0
    assert "Read as Keras CSVLogger: history.csv" in said.out
    assert "by epoch: train/loss ← loss, val/loss ← val_loss" in said.out
    assert "overfitting" in said.out
    assert "wellfit report" not in said.out  # there is no run folder to report of


def test_one_log_as_json_has_the_usual_form(
    wellfit: Callable[..., Any], sick: Path, tmp_path: Path
) -> None:
    path = log(tmp_path, "history.csv", 6)
    theirs = json.loads(wellfit("diagnose", path, "--json", "-").out)
    ours = json.loads(wellfit("diagnose", sick, "--json", "-").out)
    assert theirs.keys() == ours.keys()
    assert theirs["run"] == str(path)
    assert theirs["findings"][0]["rule"] == "overfitting"


def test_several_are_a_table(
    wellfit: Callable[..., Any], sick: Path, tmp_path: Path
) -> None:
    log(tmp_path / "logs" / "late", "history.csv", 39)
    log(tmp_path / "logs" / "early", "history.csv", 6)
    said = wellfit("diagnose", "logs", "sick")
    assert said.status == 0
    names = [line.split()[0] for line in said.out.splitlines() if " 40 " in f" {line} "]
    assert set(names) == {"late", "early"}
    assert "3 runs, 2 of them with a warning or worse" in said.out


def test_several_as_json(wellfit: Callable[..., Any], tmp_path: Path) -> None:
    log(tmp_path / "logs" / "late", "history.csv", 39)
    log(tmp_path / "logs" / "early", "history.csv", 6)
    said = wellfit("diagnose", "logs", "--json", "-", "--fail-on", "warning")
    assert said.status == 10
    told = json.loads(said.out)
    assert told.keys() == {"schema", "runs", "sweep"}
    by_name = {run["name"]: run for run in told["runs"]}
    assert by_name["early"]["findings"][0]["rule"] == "overfitting"
    assert by_name["late"]["best_val_loss"] == by_name["early"]["best_val_loss"] == 1.0
    assert by_name["late"]["steps"] == 40


def test_what_is_no_log_is_misuse(wellfit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04K\x01.")
    said = wellfit("diagnose", "model.pkl")
    assert said.status == 2
    assert "unpickling runs what" in said.err
    assert "Traceback" not in said.err
