"""A training as it goes: one calm line an epoch, read from the run folder."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from wellfit.core.errors import BadRun
from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.show.interventions import KIND, sentence
from wellfit.show.numerals import number, share
from wellfit.show.pace import Pace

FIRST: Final = 10.0  # seconds to a line of its own where no epoch has ended yet
LATER: Final = 60.0  # the same, between two epochs
REST: Final = 20.0  # times what the last reading took: reading stays under 5 %
SCORES: Final = {"accuracy": "accuracy", "r2": "R²", "rmse": "RMSE"}


class Mark(NamedTuple):
    """A place worth a line: an epoch or an evaluation, and the steps done by then."""

    name: str
    step: int


class Follower:
    """Follows a run folder that another process writes, and prints what comes.

    `poll` is to be called about once a second, and `finish` at the end. In a pipe
    nothing is printed. `clock` gives seconds, from any start.
    """

    def __init__(
        self,
        path: str | Path,
        console: Console,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = Path(path)
        self._console = console
        self._clock = clock
        self._printed = Mark("", 0)
        self._intervened = 0  # times that are said
        self._said = clock()
        self._pace = Pace(clock, rest=REST)

    def poll(self) -> None:
        """Print the epochs that have ended since, where there are any."""
        if self._pace.due:
            self._look(finished=False)

    def finish(self) -> None:
        """The training is over: print what is still unsaid."""
        self._look(finished=True)

    def _look(self, *, finished: bool) -> None:
        if not self._console.is_terminal:
            return
        begun = self._clock()
        try:
            run = open_run(self._path)
            self._say_interventions(run)
            for mark in self._due(run, finished=finished):
                self._say(run, mark)
        except BadRun:
            return  # not begun, or gone: whoever runs the script tells of it
        self._pace.took(self._clock() - begun)

    def _say_interventions(self, run: Run) -> None:
        new = run.happened(KIND)[self._intervened :]
        for event in new:
            self._console.print(Text(sentence(event), style="bold yellow"))
        self._intervened += len(new)

    def _due(self, run: Run, *, finished: bool) -> Iterator[Mark]:
        marks = _marks(run)
        new = [mark for mark in marks if mark.step > self._printed.step]
        complete = new if finished or _over(run, new[-1:]) else new[:-1]
        yield from complete
        quiet = self._clock() - self._said > (LATER if marks else FIRST)
        step = run.last_step + 1
        if not complete and (quiet or finished) and step > self._printed.step:
            yield Mark("", step)

    def _say(self, run: Run, mark: Mark) -> None:
        line = Text()
        for label, value in _fields(run, mark, self._printed.step):
            piece = Text(f"{label} ", style="dim").append(value, style="not dim")
            gap = "  " if line else ""
            if line.cell_len + len(gap) + piece.cell_len > self._console.width:
                break
            line.append(gap).append_text(piece)
        self._console.print(line)
        self._printed, self._said = mark, self._clock()


def _marks(run: Run) -> list[Mark]:
    epochs = [
        Mark(f"epoch {e.data['number']:>3}", e.step) for e in run.happened("epoch")
    ]
    if epochs:
        return epochs
    tests = [e for e in run.happened("evaluation") if e.data.get("phase") == "val"]
    return [Mark(f"evaluation {n:>3}", e.step) for n, e in enumerate(tests, start=1)]


def _over(run: Run, latest: list[Mark]) -> bool:
    """Whether all that belongs to an epoch has come: its validation comes after it."""
    after = [e for e in run.happened("evaluation") if e.data.get("phase") == "val"]
    return all(
        any(e.step >= mark.step for e in after) or run.last_step >= mark.step
        for mark in latest
    )


def _fields(run: Run, mark: Mark, since: int) -> Iterator[tuple[str, str]]:
    """What there is to say of the steps since the mark before, most telling first."""
    if mark.name:
        label, _, value = mark.name.partition(" ")
        yield label, value
    yield "step", f"{mark.step:>6,}"
    losses = during(run, "train/loss", since, mark.step)
    if len(losses):
        yield "loss", f"{number(float(losses.mean())):<7}"
    held = by(run, "val/loss", mark.step)
    if held is not None:
        yield "val", f"{number(held):<7}"
    yield from score(run, since, mark.step)
    rate = by(run, "learning_rate", mark.step)
    if rate is not None:
        yield "lr", f"{number(rate):<7}"
    seconds = during(run, "step_time", since, mark.step)
    if len(seconds) and seconds.mean() > 0:
        yield "steps/s", number(float(f"{1 / seconds.mean():.3g}"))


def score(run: Run, since: int, step: int) -> Iterator[tuple[str, str]]:
    """The first score that there is, in words: of validation, or of training."""
    for name, words in SCORES.items():
        reached = by(run, f"val/{name}", step)
        seen = during(run, f"train/{name}", since, step)
        if reached is None and len(seen):
            reached = float(seen.mean())
        if reached is not None:
            said = share(reached) if name == "accuracy" else number(reached)
            yield words, f"{said:<6}"
            return


def during(run: Run, name: str, since: int, step: int) -> NDArray[np.float64]:
    """The values at the steps from `since` on, and before `step`."""
    signal = run.get(name)
    if signal is None:
        return np.empty(0)
    return signal.values[(signal.steps >= since) & (signal.steps < step)]


def by(run: Run, name: str, step: int) -> float | None:
    """The latest value that stood by then."""
    signal = run.get(name)
    if signal is None:
        return None
    before = signal.values[signal.steps <= step]
    return float(before[-1]) if len(before) else None
