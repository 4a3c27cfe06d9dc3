import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from wellfit.record import Recorder
from wellfit.show.follow import FIRST, Follower


class Clock:
    """Time as the test has it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def recorder(folder: Path) -> Iterator[Recorder]:
    with Recorder(folder) as opened:
        yield opened


class Screen:
    """A follower, with the terminal that it prints to and the time it lives in."""

    def __init__(
        self, folder: Path, *, width: int = 100, terminal: bool = True
    ) -> None:
        self.clock = Clock()
        self._file = io.StringIO()
        console = Console(file=self._file, width=width, force_terminal=terminal)
        self.follower = Follower(folder, console, clock=self.clock)

    @property
    def lines(self) -> list[str]:
        printed = Text.from_ansi(self._file.getvalue()).plain
        return [line.rstrip() for line in printed.splitlines()]

    @property
    def words(self) -> list[str]:
        return [" ".join(line.split()) for line in self.lines]


def epoch(recorder: Recorder, number: int, *, validated: bool = True) -> None:
    for step in range(10 * (number - 1), 10 * number):
        recorder.value("train/loss", step, 1 / number)
        recorder.value("train/step_time", step, 0.01)
    recorder.event("epoch", 10 * number, number=number)
    if validated:
        recorder.value("val/loss", 10 * number, 2 / number)
        recorder.value("val/accuracy", 10 * number, 0.5)
        recorder.event("evaluation", 10 * number, phase="val", rows=5)
    recorder.flush()


def test_an_epoch_is_a_line(recorder: Recorder, folder: Path) -> None:
    screen = Screen(folder)
    recorder.value("learning_rate", 0, 0.01)
    epoch(recorder, 1)
    screen.follower.poll()
    epoch(recorder, 2)
    screen.follower.poll()
    screen.follower.poll()
    assert screen.words == [
        "epoch 1 step 10 loss 1 val 2 accuracy 50 % lr 0.01 steps/s 100",
        "epoch 2 step 20 loss 0.5 val 1 accuracy 50 % lr 0.01 steps/s 100",
    ]


def test_an_epoch_waits_for_its_validation(recorder: Recorder, folder: Path) -> None:
    screen = Screen(folder)
    epoch(recorder, 1, validated=False)
    screen.follower.poll()
    assert screen.lines == []
    epoch(recorder, 2, validated=False)
    screen.follower.poll()
    assert len(screen.lines) == 1
    screen.follower.finish()
    assert len(screen.lines) == 2


def test_without_epochs_there_is_a_line_now_and_then(
    recorder: Recorder, folder: Path
) -> None:
    screen = Screen(folder)
    recorder.value("train/loss", 0, 1.5)
    recorder.flush()
    screen.follower.poll()
    assert screen.lines == []
    screen.clock.now += FIRST + 1
    screen.follower.poll()
    screen.follower.poll()
    assert screen.words == ["step 1 loss 1.5"]


def test_a_narrow_terminal_gets_what_fits(recorder: Recorder, folder: Path) -> None:
    screen = Screen(folder, width=40)
    epoch(recorder, 1)
    screen.follower.poll()
    (line,) = screen.lines
    assert len(line) <= 40
    assert line.startswith("epoch")


def test_a_pipe_gets_nothing(recorder: Recorder, folder: Path) -> None:
    screen = Screen(folder, terminal=False)
    epoch(recorder, 1)
    screen.follower.poll()
    screen.follower.finish()
    assert screen.lines == []


def test_a_run_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "later")
    screen.follower.poll()
    screen.follower.finish()
    assert screen.lines == []
