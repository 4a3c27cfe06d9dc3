"""Stored snapshots: a missing one fails. To update: WELLFIT_UPDATE_SNAPSHOTS=1."""

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.show.terminal import show_diagnosis

SNAPSHOTS = Path(__file__).parent / "snapshots"
CASES = {
    "sick": ("sick", "sick_diagnosis"),
    "healthy": ("healthy", "healthy_diagnosis"),
    "unknown": ("table", "unknown_diagnosis"),
}


def printed(diagnosis: Diagnosis, run: Run, **settings: object) -> str:
    console = Console(file=io.StringIO(), **{"width": 80, **settings})
    show_diagnosis(diagnosis, run, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("case", CASES)
def test_looks_like_its_snapshot(
    case: str, width: int, request: pytest.FixtureRequest
) -> None:
    run, diagnosis = (request.getfixturevalue(name) for name in CASES[case])
    text = printed(diagnosis, run, width=width)
    stored = SNAPSHOTS / f"{case}-{width}.txt"
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS") == "1":
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(text, encoding="utf-8")
    assert stored.exists(), f"{stored.name} is missing; WELLFIT_UPDATE_SNAPSHOTS=1"
    assert text == stored.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= width


def test_a_pipe_gets_no_escape(sick: Run, sick_diagnosis: Diagnosis) -> None:
    assert "\x1b" not in printed(sick_diagnosis, sick)


def test_no_color_is_honoured(
    sick: Run, sick_diagnosis: Diagnosis, monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured = printed(sick_diagnosis, sick, force_terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(sick_diagnosis, sick, force_terminal=True)
    assert "31m" in coloured
    assert not {"31m", "33m", "36m"} & {piece[-3:] for piece in plain.split("\x1b")}
    assert "1;31m" not in plain


def test_names_cannot_steer_the_terminal(sick: Run) -> None:
    evil = Finding(
        rule="dead-units",
        severity=Severity.WARNING,
        confidence=1,
        summary="[bold]see[/bold] \x1b[2J",
        where=("fc\x1b]0;title\x07",),
    )
    text = printed(Diagnosis(findings=(evil,)), sick)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]see[/bold]" in text


def test_healthy_is_said_only_where_it_is_known(
    healthy: Run, healthy_diagnosis: Diagnosis
) -> None:
    assert "Healthy" in printed(healthy_diagnosis, healthy)
    blind = replace(healthy_diagnosis, passed=("underfitting", "non-finite-values"))
    text = printed(blind, healthy)
    assert "Healthy" not in text
    assert "overfitting and gradients could not be checked" in " ".join(text.split())


def test_a_failed_or_interrupted_run_says_so(healthy: Run) -> None:
    error = {"type": "ValueError", "message": "no"}
    failed = replace(healthy, facts={"outcome": {"error": error}})
    assert "The script failed: ValueError: no" in printed(Diagnosis(), failed)
    stopped = replace(healthy, facts={"outcome": {"interrupted": True}})
    assert "Interrupted" in printed(Diagnosis(), stopped)


def test_the_report_s_command_is_never_broken(sick: Run) -> None:
    path = Path("/data/" + "long/" * 30)
    text = printed(Diagnosis(run=path), sick, width=40)
    assert f"wellfit report {path}" in text.splitlines()


def test_an_empty_run_is_no_training() -> None:
    assert "no training seen" in printed(Diagnosis(), Run())
