import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from wellfit.core.run import Run
from wellfit.record import Recorder, open_run
from wellfit.show.compare import show_compared, show_runs


def recorded(folder: Path, *, rate: float, loss: float) -> Run:
    with Recorder(folder) as recorder:
        recorder.fact("command", {"script": "train.py", "args": []})
        recorder.fact("model", {"class": "Net", "parameters": 10})
        group = {"lr": rate, "parameters": 2}
        recorder.fact("optimizer", {"kind": "SGD", "groups": [group]})
        recorder.fact("versions", {"torch": f"2.{13 if rate > 0.05 else 12}.0"})
        for step in range(20):
            recorder.value("train/loss", step, np.nan if loss > 9 else loss)
        recorder.value("val/loss", 20, loss)
    return open_run(folder)


@pytest.fixture
def two(tmp_path: Path) -> list[Run]:
    return [
        recorded(tmp_path / "good", rate=0.1, loss=0.25),
        recorded(tmp_path / "bad", rate=0.01, loss=10.5),
    ]


def printed(show: Any, runs: list[Run], **settings: Any) -> str:
    console = Console(file=io.StringIO(), **{"width": 120, **settings})
    show(runs, console)
    return console.file.getvalue()


def test_the_list_has_a_line_for_each_run(two: list[Run]) -> None:
    text = printed(show_runs, two)
    good, bad = (line.split() for line in text.splitlines() if "train.py" in line)
    assert [good[0], bad[0]] == ["good", "bad"]
    assert "0.25" in good
    assert "non-finite-values" in " ".join(bad)


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("show", [show_runs, show_compared])
def test_narrow_terminals_keep_the_names(two: list[Run], show: Any, width: int) -> None:
    text = printed(show, two, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "good" in text


def test_what_differs_comes_first(two: list[Run]) -> None:
    text = printed(show_compared, two)
    places = [text.index(word) for word in ("learning rate", "val/loss", "non-finite")]
    assert places == sorted(places)
    made, _, same = text.partition("The same in all")
    assert "2.13.0" in made
    assert "optimizer SGD" in same
    assert "SGD" not in made


def test_the_better_result_is_bold(two: list[Run]) -> None:
    text = printed(show_compared, two, force_terminal=True)
    line = next(line for line in text.splitlines() if "val/loss" in line)
    assert "\x1b[1m0.25" in line
    assert "\x1b[1m10.5" not in line


def test_one_run_alone_is_shown_whole(two: list[Run]) -> None:
    text = printed(show_compared, two[:1])
    assert "0.25" in text
    assert "The same" not in text
