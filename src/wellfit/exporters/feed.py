"""Feeds tools from a run folder, each from a thread of its own."""

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from wellfit.core.errors import BadRun
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.exporters.discovery import opened
from wellfit.exporters.exporter import Exporter
from wellfit.record import Tail, open_run

# A round is followed by a rest, so many times as long as the processor worked on it: a
# tool gets under 5 % of a processor, and judging for it 2 % besides.
REST: Final = 20.0
REST_OF_JUDGE: Final = 50.0
PATIENCE: Final = 300.0  # seconds for what is left when the training is over

Say = Callable[[str], object]
Judge = Callable[[Run], Diagnosis]
End = tuple[Run, Diagnosis, Path | None]


class Feeds:
    """Tools that follow a run: `poll` as it goes, `finish` when it is over.

    A tool that fails is told of in one line, through `say`, and gets nothing more; one
    that hangs is left behind. Neither holds up the training, nor the other tools.
    `judge` says what is wrong by now, for the tools that show it while the run goes on.
    """

    def __init__(
        self, exporters: Sequence[Exporter], *, say: Say, judge: Judge | None = None
    ) -> None:
        self._feeds = [_Feed(exporter, say, judge) for exporter in exporters]

    def poll(self, folder: Path) -> None:
        """Something may have come into that run folder; returns at once."""
        for feed in self._feeds:
            feed.wake(folder)

    def finish(
        self,
        run: Run,
        diagnosis: Diagnosis,
        report: Path | None = None,
        *,
        patience: float | None = PATIENCE,
    ) -> list[str]:
        """Give all that is left, and wait for it: where each tool shows the run.

        With a `patience` of None it waits for as long as it takes.
        """
        for feed in self._feeds:
            feed.end((run, diagnosis, report))
        until = None if patience is None else time.monotonic() + patience
        said = [feed.wait(until) for feed in self._feeds]
        return [line for line in said if line]


def send(
    diagnosis: Diagnosis,
    run: Run | str | Path,
    wanted: Iterable[str],
    *,
    report: Path | None = None,
    say: Say = warnings.warn,
) -> list[str]:
    """Write a recorded run for tools, `["tensorboard=logs", "wandb"]`; say where.

    `run` is a Run or its folder, `report` its HTML file, for the tools that take one.
    A tool that fails is told of in one line, through `say`.
    `UnknownName`, `MissingExtra` or `BadSetting` for a tool that cannot be written for.
    """
    feeds = Feeds([opened(each) for each in wanted], say=say)
    whole = run if isinstance(run, Run) else open_run(run)
    return feeds.finish(whole, diagnosis, report, patience=None)


class _Feed:
    def __init__(self, exporter: Exporter, say: Say, judge: Judge | None) -> None:
        self._exporter = exporter
        self._say = say
        self._judge = judge if exporter.judged else None
        self._judged = 0.0  # when it may be judged again
        self._tail = Tail()
        self._folder: Path | None = None
        self._end: End | None = None
        self._woken = threading.Event()
        self._shown = ""
        self._thread = threading.Thread(
            target=self._work, name=f"wellfit-to-{exporter.name}", daemon=True
        )

    def wake(self, folder: Path) -> None:
        self._folder = folder
        self._woken.set()
        self._begin()

    def end(self, end: End) -> None:
        self._end = end
        self._woken.set()
        self._begin()

    def wait(self, until: float | None) -> str:
        left = None if until is None else max(until - time.monotonic(), 0.0)
        self._thread.join(left)
        if self._thread.is_alive():
            self._say(f"{self._exporter.title} did not take all in time; left behind")
        return self._shown

    def _begin(self) -> None:
        # Not before: what a library does to this process must not reach the script's.
        if self._thread.ident is None:
            self._thread.start()

    def _work(self) -> None:
        try:
            while self._end is None:
                self._round()
            run, diagnosis, report = self._end
            self._exporter.update(self._tail.rest(run))
            self._shown = self._exporter.finish(run, diagnosis, report)
        except (Exception, SystemExit) as error:  # a tool may fail in any way
            self._fail(error)
        finally:
            self._close()

    def _round(self) -> None:
        self._woken.wait()
        self._woken.clear()
        if self._end is not None or self._folder is None:
            return
        begun = time.thread_time()
        try:
            self._exporter.update(self._tail.new(self._folder))
            spent = time.thread_time() - begun
            if self._judge is not None and time.monotonic() >= self._judged:
                self._look(self._folder, self._judge)
        except BadRun:
            return  # not begun, or gone: whoever runs the script tells of it
        self._rest(REST * spent)

    def _look(self, folder: Path, judge: Judge) -> None:
        begun = time.thread_time()
        run = open_run(folder)
        self._exporter.judge(run, judge(run))
        spent = time.thread_time() - begun
        self._judged = time.monotonic() + REST_OF_JUDGE * spent

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._end is None and (left := until - time.monotonic()) > 0:
            self._woken.wait(left)
            self._woken.clear()

    def _fail(self, error: BaseException) -> None:
        first, *_ = str(error).strip().splitlines() or [""]
        said = f"{type(error).__name__}: {first}" if first else type(error).__name__
        self._say(f"{self._exporter.title} gets nothing more of this run: {said}")

    def _close(self) -> None:
        try:
            self._exporter.close()
        except Exception as error:
            self._fail(error)
