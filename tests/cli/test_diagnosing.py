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
