"""What logs were read as, and several runs in a table. Missing snapshots fail."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.logs import read_logs
from wellfit.show.logs import show_log, show_survey
from wellfit.verbs.survey import survey

SNAPSHOTS = Path(__file__).parent / "snapshots"


def courses(folder: Path) -> tuple[Run, ...]:
    """Three trainings: one overfits, one breaks, one tells little."""
    n = np.arange(40)
    told = {
        "overfitted": (2 * 0.9**n, 1 + abs(n - 6) / 10),
        "broken": (np.where(n > 20, np.nan, 2 * 0.9**n), 2 * 0.95**n),
        "short": (1 / (1 + n[:2]), None),
    }
    for name, (train, val) in told.items():
        columns = ["epoch", "train_loss", *(["val_loss"] if val is not None else [])]
        rows = zip(n, train, *([val] if val is not None else []), strict=False)
        lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
        (folder / name).mkdir()
        (folder / name / "log.csv").write_text("\n".join(lines))
    return read_logs(folder)


def compared(text: str, name: str) -> None:
    stored = SNAPSHOTS / name
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS") == "1":
        stored.write_text(text, encoding="utf-8")
    assert stored.exists(), f"{stored.name} is missing; WELLFIT_UPDATE_SNAPSHOTS=1"
    assert text == stored.read_text(encoding="utf-8")


def console(width: int) -> Console:
    return Console(file=io.StringIO(), width=width)


def text_of(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in shown.file.getvalue().splitlines())


@pytest.mark.parametrize("width", [40, 80, 120])
def test_several_runs_are_a_table(width: int, tmp_path: Path) -> None:
    runs = survey(courses(tmp_path))
    summary = "the same settings end at 0.1 or at 2, by the seed"
    across = Diagnosis(
        findings=(
            Finding(
                rule="seed-sensitivity",
                severity=Severity.WARNING,
                confidence=0.8,
                summary=summary,
            ),
        )
    )
    shown = console(width)
    show_survey(runs, across, shown)
    text = text_of(shown)
    compared(text, f"survey-{width}.txt")
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [40, 80])
def test_what_was_read_as_what_is_told(width: int, tmp_path: Path) -> None:
    rows = [f"{n},{1 / (1 + n)},{50 + n},{n * 1.5},ok" for n in range(20)]
    path = tmp_path / "progress.csv"
    path.write_text("\n".join(["step,trainLoss,Val Acc,elapsed,state", *rows]))
    (run,) = read_logs(path)
    shown = console(width)
    show_log(run, shown)
    compared(text_of(shown), f"read-as-{width}.txt")


def test_a_run_of_our_own_has_nothing_to_tell() -> None:
    shown = console(80)
    show_log(Run.of(loss=[1.0]), shown)
    assert text_of(shown) == ""


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("step,loss,\x1b[31mred\n0,1,2\n1,1,2\n2,1,2\n")
    (run,) = read_logs(tmp_path / "a.csv")
    shown = console(80)
    show_log(run, shown)
    assert "\x1b" not in text_of(shown)
