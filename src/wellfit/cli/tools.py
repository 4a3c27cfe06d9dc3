"""`--to`: the tools that a run is written for."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run

if TYPE_CHECKING:
    from wellfit.exporters.feed import Feeds

Judge = Callable[[Run], Diagnosis]


class Tools:
    """The tools of `--to`, none or several; what is wrong with one is said at once.

    `poll` while the run goes on, `finish` when it is over; `judge` says what is wrong
    by now. With `quiet` only faults are said.
    """

    def __init__(
        self,
        wanted: Sequence[str],
        console: Console,
        *,
        judge: Judge | None = None,
        live: bool = False,
        quiet: bool = False,
    ) -> None:
        self._console = console
        self._live = live
        self._quiet = quiet
        self._feeds = _feeds(wanted, console, judge, live=live) if wanted else None

    def poll(self, folder: Path) -> None:
        """Something may have come into that run folder."""
        if self._feeds is not None:
            self._feeds.poll(folder)

    def finish(
        self, run: Run, diagnosis: Diagnosis, report: Path | None = None
    ) -> None:
        """Give them the rest, with the report, and say where each shows the run."""
        if self._feeds is None:
            return
        page = report or _written(run, diagnosis)
        patience = {} if self._live else {"patience": None}
        for line in self._feeds.finish(run, diagnosis, page, **patience):
            if not self._quiet:
                self._console.print(f"  [dim]→[/] {escape(line)}", soft_wrap=True)


def _feeds(
    wanted: Sequence[str], console: Console, judge: Judge | None, *, live: bool
) -> "Feeds":
    from wellfit.exporters.discovery import opened
    from wellfit.exporters.feed import Feeds

    def say(line: str) -> None:
        console.print(f"wellfit: {line}", markup=False, soft_wrap=True)

    exporters = [opened(each, live=live) for each in wanted]
    return Feeds(exporters, say=say, judge=judge)


def _written(run: Run, diagnosis: Diagnosis) -> Path | None:
    from wellfit.show.report import report

    try:
        return report(run, diagnosis=diagnosis)
    except BadSetting:
        return None  # a folder that cannot be written to: the tools go without
