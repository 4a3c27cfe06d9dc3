"""Watched and unwatched, a training has the same losses and weights, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wellfit.record import open_run

HERE = Path(__file__).parent
HASHED = HERE / "hashed.py"
EXAMPLES = sorted((HERE.parent / "examples").glob("digits_*.py"))
# The other loops run in one process, and as fast: tests/taps/test_ways.py.
FIVE = ("accumulated", "adversarial", "closure", "recurrent", "sliced")
OFTEN = {"accumulated", "closure", "digits_sick"}  # the rest with the slow tests
LOOPS = [HERE / "loops" / f"{name}.py" for name in FIVE]
OTHERS = sorted({*(HERE / "loops").glob("*.py")} - {*LOOPS})
TRAININGS = sorted((HERE.parent / "bench" / "trainings").glob("*/*.py"))


def _output(*command: str | Path) -> str:
    ran = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _stays_the_same(script: Path, folder: Path, *ways: tuple[str, ...]) -> None:
    bare = _output(HASHED, script)
    assert "hashed 0 steps" not in bare
    for place, way in enumerate(ways):
        run = folder / str(place)
        wellfit = ["-m", "wellfit", "run", "--quiet", "--out", run, *way]
        assert _output(*wellfit, HASHED, script) == bare
        assert open_run(run).last_step > 0  # it was truly watched


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(p, id=p.stem, marks=() if p.stem in OFTEN else pytest.mark.slow)
        for p in (*EXAMPLES, *LOOPS)
    ],
)
def test_watching_changes_nothing(script: Path, tmp_path: Path) -> None:
    _stays_the_same(script, tmp_path, (), ("--every", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("script", OTHERS, ids=lambda path: path.stem)
def test_watching_any_loop_changes_nothing(script: Path, tmp_path: Path) -> None:
    _stays_the_same(script, tmp_path, (), ("--every", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("script", TRAININGS, ids=lambda path: path.stem)
def test_watching_any_training_changes_nothing(script: Path, tmp_path: Path) -> None:
    _stays_the_same(script, tmp_path, ())


def test_there_are_enough_of_them() -> None:
    assert len(EXAMPLES) >= 2
    assert len(LOOPS) + len(OTHERS) >= 25
