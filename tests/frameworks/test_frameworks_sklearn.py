"""Scripts as people write them: watched they say the same, and it is seen what they do.

Each runs bare and under `wellfit run`; what it prints, hashes of predictions and of
coefficients among it, is the same byte for byte, and so is what goes to standard error.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from wellfit.core.run import Run
from wellfit.record import open_run

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("sklearn_*.py"))


def _ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
    )


@cache
def watched(name: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = Path(mkdtemp(prefix="wellfit-sklearn-")) / "run"
    wellfit = ["-m", "wellfit", "run", "--quiet", "--out", folder]
    return _ran(*wellfit, HERE / f"{name}.py"), folder


@pytest.fixture
def run_of() -> Callable[[str], Run]:
    return lambda name: open_run(watched(name)[1])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_watching_changes_nothing(script: Path) -> None:
    bare, (seen, folder) = _ran(script), watched(script.stem)
    assert bare.returncode == 0, bare.stderr
    assert seen.stdout == bare.stdout
    assert seen.stderr == bare.stderr
    run = open_run(folder)
    assert run.facts["command"]["framework"] == "sklearn"
    assert not [e for e in run.events if "ended" in e.data.get("text", "")]


def test_there_are_enough_of_them() -> None:
    assert len(SCRIPTS) >= 6
