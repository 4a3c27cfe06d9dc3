"""The view itself: when it draws, what stays above it, and what becomes of a fault."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.show.live.screen import Screen
from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.record import Recorder
from wellfit.rules import all_rules
from wellfit.show.live import LiveView, live_view
from wellfit.show.live.view import FRAME, OF_THE_END

WRONG = Finding(
    rule="loss-plateau", severity=Severity.WARNING, confidence=1, summary="it rests"
)


class Clock:
    """Time as the test has it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal:
    """A view with the terminal that it draws on, and the time it lives in."""

    def __init__(self, folder: Path, width: int = 80) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=True, width=width, height=30
        )
        self.clock = Clock()
        self.folder = folder
        self.view = LiveView(self.console, self.judge, clock=self.clock)
        self.judged = 0

    def judge(self, run: Run) -> Diagnosis:
        self.judged += 1
        ended = replace(WRONG, rule="undertrained")  # not while it goes on
        return Diagnosis(findings=(ended, WRONG))

    def wait(self, seconds: float) -> None:
        """Time goes by, and the view is polled as often as can be."""
        for _ in range(round(seconds / 0.05)):
            self.clock.now += 0.05
            self.view.poll(self.folder)

    def settle(self) -> None:
        """Let a judgement that is under way come to its end."""
        for thread in threading.enumerate():
            if thread.name.startswith("wellfit-judge"):
                thread.join(10)

    @property
    def screen(self) -> Screen:
        return Screen().write(self.file.getvalue())


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "run") as opened:
        yield opened


@pytest.fixture
def terminal(recorder: Recorder) -> Terminal:
    return Terminal(recorder.folder)


def train(recorder: Recorder, steps: range) -> None:
    for step in steps:
        recorder.value("train/loss", step, 1 / (step + 1))
    recorder.flush()


def test_what_the_script_prints_stays_above_the_view(
    recorder: Recorder, terminal: Terminal
) -> None:
    terminal.view.take(b"one\r\n")
    terminal.wait(0.3)
    train(recorder, range(50))
    terminal.view.take(b"two\r\n  30 %\r  40 %")
    terminal.wait(3)
    lines = terminal.screen.lines
    assert lines[:3] == ["one", "two", "  40 %"]
    assert lines[3].startswith("── wellfit ─ step 50")
    assert sum("wellfit" in line for line in lines) == 1


def test_findings_come_while_it_runs(recorder: Recorder, terminal: Terminal) -> None:
    train(recorder, range(5))
    terminal.wait(0.5)
    terminal.settle()
    terminal.wait(4)
    found = "".join(terminal.screen.lines)
    assert "loss-plateau" in found
    assert "undertrained" not in found


def test_rules_of_the_end_are_rules() -> None:
    assert {rule.name() for rule in all_rules()} >= OF_THE_END


def test_rules_are_asked_seldom(recorder: Recorder, terminal: Terminal) -> None:
    train(recorder, range(5))
    for _ in range(20):
        terminal.wait(0.5)
        terminal.settle()
    assert 1 <= terminal.judged <= 4


def test_no_more_than_four_frames_a_second(
    recorder: Recorder, terminal: Terminal
) -> None:
    train(recorder, range(5))
    for number in range(200):
        terminal.view.take(f"line {number}\n".encode())
        terminal.wait(0.05)
    screen = terminal.screen
    assert screen.frames <= 10 / FRAME + 1
    assert screen.frames >= 20
    assert screen.lines[:190] == [f"line {number}" for number in range(190)]


def test_where_nothing_changes_nothing_is_drawn(
    recorder: Recorder, terminal: Terminal
) -> None:
    terminal.view.take(b"one\n")
    terminal.clock.now += 1
    terminal.view.poll(recorder.folder)
    terminal.view._lines = []
    drawn = terminal.screen.frames
    assert drawn == 1


def test_a_narrower_terminal_leaves_no_remains(
    recorder: Recorder, terminal: Terminal
) -> None:
    train(recorder, range(50))
    terminal.wait(1)
    before = terminal.file.getvalue()
    rows = [len(line) for line in Screen().write(before).lines if line]
    terminal.console.width = 30
    terminal.wait(0.3)
    after = terminal.file.getvalue().removeprefix(before)
    folded = sum(-(-width // 30) for width in rows)
    assert f"\x1b[{folded}A" in after  # as a terminal folds what became too long


def test_the_end_leaves_curves_and_no_findings(
    recorder: Recorder, terminal: Terminal
) -> None:
    train(recorder, range(50))
    terminal.wait(0.5)
    terminal.settle()
    terminal.wait(4)
    terminal.view.take(b"done\r\nwithout an end")
    terminal.view.finish()
    lines = terminal.screen.lines
    assert lines[:2] == ["done", "without an end"]
    assert "step 50" in lines[2]
    assert not any("loss-plateau" in line for line in lines)
    assert lines[-1] == ""


def test_a_script_that_trains_nothing_leaves_its_output_alone(
    terminal: Terminal,
) -> None:
    terminal.view.take(b"hello\n")
    terminal.wait(2)
    terminal.view.finish()
    assert terminal.screen.lines == ["hello", ""]


def test_a_fault_in_drawing_ends_the_drawing_alone(
    recorder: Recorder, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr("wellfit.show.live.view.frame", fail)
    terminal.view.take(b"one\n")
    terminal.wait(1)
    terminal.view.take(b"two\n")
    terminal.wait(1)
    terminal.view.finish()
    lines = terminal.screen.lines
    assert lines[0].startswith("wellfit: stopped drawing")
    assert [line for line in lines[1:] if line] == ["one", "two"]


@pytest.mark.parametrize(
    ("settings", "term", "fits"),
    [
        ({"force_terminal": True}, "xterm-256color", True),
        ({"force_terminal": True, "no_color": True}, "xterm", True),
        ({"force_terminal": True}, "dumb", False),
        ({"force_terminal": True}, "unknown", False),
        ({"force_terminal": False}, "xterm", False),
    ],
)
def test_only_a_terminal_that_can_redraw_has_a_view(
    settings: dict, term: str, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    console = Console(file=io.StringIO(), **settings)
    assert (live_view(console, lambda run: Diagnosis()) is not None) == fits


def test_a_long_run_is_seen_at_a_small_cost(recorder: Recorder) -> None:
    """Time as it is: a second of polling costs a small part of a second."""
    terminal = Terminal(recorder.folder)
    for step in range(200_000):
        recorder.value("train/loss", step, 1.0 + step % 7)
    recorder.flush()
    view = LiveView(terminal.console, lambda run: Diagnosis())
    begun, spent = time.monotonic(), time.process_time()
    while time.monotonic() < begun + 4:
        view.poll(recorder.folder)
        time.sleep(0.05)
    assert time.process_time() - spent < 0.15 * (time.monotonic() - begun)
