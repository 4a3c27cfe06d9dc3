"""A command line, run in this process: its status and what it printed."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from wellfit.cli.main import main
from wellfit.record import Recorder


class Said(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def wellfit(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[..., Said]:
    """Run `wellfit` with these words, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Said:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Said(ended.value.code or 0, out, err)

    return run


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Two runs, `first` and `second`, in `wellfit-runs`; the second was not ended."""
    base = tmp_path / "wellfit-runs"
    for name, rate in (("first", 0.1), ("second", 0.01)):
        with Recorder(base / name) as recorder:
            recorder.fact("command", {"script": "train.py", "args": [f"--lr={rate}"]})
            recorder.fact("model", {"class": "Net", "parameters": 1200})
            recorder.fact("optimizer", {"kind": "SGD", "groups": [{"lr": rate}]})
            for step in range(3):
                recorder.value("train/loss", step, 1 / (1 + step))
            recorder.value("val/loss", 3, 0.25 + rate)
            if name == "first":
                ended = {"exit": 0, "error": None, "interrupted": False}
                recorder.fact("outcome", ended)
    return base
