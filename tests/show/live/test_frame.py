"""Stored snapshots: a missing one fails. To update: WELLFIT_UPDATE_SNAPSHOTS=1."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.live.frame import Looked, Room, frame
from wellfit.show.live.layers import Odd, standing_out

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"


def text(lines: list[Text]) -> str:
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("case", ["sick", "healthy"])
def test_looks_like_its_snapshot(
    case: str, width: int, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(case)
    diagnosis: Diagnosis = request.getfixturevalue(f"{case}_diagnosis")
    looked = Looked(diagnosis, standing_out(run))
    shown = text(frame(run, looked, 75.0, Room(width, 30)))
    stored = SNAPSHOTS / f"live-{case}-{width}.txt"
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS") == "1":
        stored.write_text(shown, encoding="utf-8")
    assert stored.exists(), f"{stored.name} is missing; WELLFIT_UPDATE_SNAPSHOTS=1"
    assert shown == stored.read_text(encoding="utf-8")
    assert max(map(len, shown.splitlines())) < width


@pytest.mark.parametrize("height", [1, 3, 8, 17])
def test_a_low_terminal_gets_what_fits(
    sick: Run, sick_diagnosis: Diagnosis, height: int
) -> None:
    made = frame(sick, Looked(sick_diagnosis, []), 1.0, Room(80, height))
    assert len(made) <= max(height - 2, 1)
    assert "step 600" in made[0].plain


@pytest.mark.parametrize("width", [1, 5, 12, 20])
def test_a_very_narrow_terminal_is_no_fault(
    sick: Run, sick_diagnosis: Diagnosis, width: int
) -> None:
    looked = Looked(sick_diagnosis, standing_out(sick))
    made = frame(sick, looked, 1.0, Room(width, 24))
    assert all(line.cell_len < max(width, 2) for line in made)


def test_without_braille_there_are_numbers(sick: Run) -> None:
    shown = text(frame(sick, None, 1.0, Room(80, 24, braille=False)))
    assert not any("\u2800" <= c <= "\u28ff" for c in shown)
    assert "val loss  2.30" in shown


def test_before_the_first_step_it_says_so() -> None:
    for run in (None, Run(), Run.of({"memory": [1e9], "elapsed": [1.0]})):
        (line,) = frame(run, None, 3.0, Room(80, 24))
        assert "waiting for a first step" in line.plain


def test_names_cannot_steer_the_terminal() -> None:
    run = Run.of(loss=[1.0, 2.0])
    odd = Odd("fc\x1b[2J", "update × 60", 2.0)
    made = frame(run, Looked(Diagnosis(), [odd]), 1.0, Room(80, 24))
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    for line in made:
        console.print(line)
    assert "\x1b[2J" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_what_is_not_finite_is_shown() -> None:
    run = Run.of(loss=[1.0, 2.0, float("nan")], val_loss={1: float("inf")})
    shown = text(frame(run, None, 1.0, Room(80, 24)))
    assert "loss      NaN" in shown
    assert "val loss  inf" in shown
