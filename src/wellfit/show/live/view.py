"""The view of a training: what its script prints, and below it how it goes."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from wellfit.core.errors import BadRun
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.show.live.frame import Looked, Room, frame
from wellfit.show.live.layers import standing_out
from wellfit.show.live.region import Region
from wellfit.show.live.transcript import Transcript
from wellfit.show.pace import Pace

FRAME: Final = 0.25  # seconds from one frame to the next, at least
READING: Final = 40.0  # times what reading the curves took: 2.5 % of a core
JUDGING: Final = 40.0  # the same, of the rules
SELDOM: Final = 3.0  # seconds from one judgement to the next, at least
# Rules that judge a training by where it ended: while it goes on, it has not.
OF_THE_END: Final = {"learning-rate-too-low", "underfitting", "undertrained"}


def live_view(console: Console, judge: Callable[[Run], Diagnosis]) -> "LiveView | None":
    """A view on that terminal; None where it is no terminal that can redraw."""
    if not console.is_terminal or console.is_dumb_terminal or console.legacy_windows:
        return None
    return LiveView(console, judge)


class LiveView:
    """Draws a run that another process writes, below what its script prints.

    `take` is called with what the script prints, by any thread, and `poll` a few times
    a second with the run folder; at the end `finish`. `judge` gives the findings, every
    few seconds, in a thread of its own. A fault in drawing ends the drawing alone.
    """

    def __init__(
        self,
        console: Console,
        judge: Callable[[Run], Diagnosis],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._judge = judge
        self._clock = clock
        self._came: deque[bytes] = deque()
        self._transcript = Transcript()
        self._region = Region(console)
        self._folder: Path | None = None
        self._run: Run | None = None
        self._looked: Looked | None = None
        self._judging: threading.Thread | None = None
        self._reading = Pace(clock, rest=READING)
        self._judged = Pace(clock, rest=JUDGING, least=SELDOM)
        self._frames = Pace(clock, rest=0.0, least=FRAME)
        self._begun = clock()
        self._seen: Room | None = None  # what the lines were made for
        self._lines: list[Text] = []
        self._drawn: list[Text] = []
        self._broken = False

    def take(self, printed: bytes) -> None:
        """What the script has printed."""
        self._came.append(printed)

    def poll(self, folder: Path) -> None:
        """Draw a frame, if it is time for one."""
        self._folder = folder
        if self._frames.due:
            self._guarded(self._frame)

    def finish(self) -> None:
        """The training is over: leave its last curves, and nothing that moves."""
        self._guarded(self._last)

    def _guarded(self, draw: Callable[[], None]) -> None:
        try:
            if not self._broken:
                draw()
                return
        except Exception as error:
            self._broken = True
            said = f"wellfit: stopped drawing after a fault of its own ({error!r})\n"
            self._came.appendleft(said.encode())
        while self._came:
            text = self._came.popleft().decode(errors="replace")
            self._console.file.write(text)
        self._console.file.flush()

    def _frame(self) -> None:
        self._frames.took(0.0)
        if self._judged.due and self._judging is None and self._run is not None:
            self._judging = threading.Thread(
                target=self._look, name="wellfit-judge", daemon=True
            )
            self._judging.start()
        if self._reading.due or self._room != self._seen:
            self._see(self._looked)
        done = self._printed()
        pending = [Text.from_ansi(line) for line in self._transcript.pending]
        space = max(self._room.height - len(self._lines) - 2, 1)
        lines = [*pending[-space:], *self._lines]
        if done or lines != self._drawn:
            self._region.draw(done, lines)
            self._drawn = lines

    def _last(self) -> None:
        done = [*self._printed(), *self._transcript.end()]
        self._see(None)  # the findings are told in full after it
        trained = self._run is not None and self._run.last_step >= 0
        self._region.draw(done, self._lines if trained else [])

    def _printed(self) -> list[str]:
        """The lines of the script's that are done."""
        done: list[str] = []
        while self._came:
            done += self._transcript.feed(self._came.popleft())
        return done

    @property
    def _room(self) -> Room:
        console = self._console
        braille = not console.options.ascii_only
        return Room(console.width, console.height, braille)

    def _see(self, looked: Looked | None) -> None:
        """The run as it stands now, as lines."""
        begun, self._seen = time.thread_time(), self._room
        with suppress(BadRun):  # not begun, or gone: whoever runs it tells of it
            if self._folder is not None:
                self._run = open_run(self._folder)
            seconds = self._clock() - self._begun
            self._lines = frame(self._run, looked, seconds, self._seen)
        self._reading.took(time.thread_time() - begun)

    def _look(self) -> None:
        """Judge what is recorded so far, and find the layers that stand out."""
        begun = time.thread_time()
        with suppress(Exception):  # a rule's fault is told by the diagnosis at the end
            if self._folder is not None:
                run = open_run(self._folder)
                self._looked = Looked(_by_now(self._judge(run)), standing_out(run))
        self._judged.took(time.thread_time() - begun)
        self._judging = None


def _by_now(diagnosis: Diagnosis) -> Diagnosis:
    """The findings that can be made while a training goes on."""
    kept = (f for f in diagnosis.findings if f.rule not in OF_THE_END)
    return replace(diagnosis, findings=tuple(kept))
