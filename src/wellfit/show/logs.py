"""Logs in the terminal: what was read as what, and several runs in a table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.numerals import count, listed, number
from wellfit.show.terminal import COLOURS, WIDEST, printable, show_findings
from wellfit.verbs.survey import Surveyed

MOST = 1000  # runs in a table


class Column(NamedTuple):
    """A number of each run, and the width of terminal from which on it is shown."""

    title: str
    value: Callable[[Surveyed], float | None]
    from_width: int


COLUMNS = (
    Column("steps", lambda one: one.steps, 60),
    Column("train loss", lambda one: one.last("train/loss"), 80),
    Column("best", lambda one: one.least("train/loss"), 100),
    Column("val loss", lambda one: one.last("val/loss"), 80),
    Column("best", lambda one: one.least("val/loss"), 100),
)


def show_log(run: Run, console: Console) -> None:
    """Print what a log was read as; nothing for wellfit's own runs."""
    log = run.facts.get("log")
    if log:
        console.print()
        for line in read_as(log):
            text = Text(printable(line), style="dim")
            console.print(text, width=min(console.width, WIDEST))


def read_as(log: Mapping[str, Any]) -> Iterator[str]:
    """What a log was read as, in lines: formats, files, steps, columns, oddities."""
    files = tuple(Path(f).name for f in log["files"])
    yield f"Read as {' and '.join(log['formats'])}: {listed(files)}"
    taken = [
        ours if ours == theirs else f"{ours} ← {theirs}"
        for ours, theirs in log["taken"].items()
    ]
    yield f"by {log['step_unit']}: {listed(tuple(taken), most=8)}"
    if log["left"]:
        yield f"left: {listed(tuple(log['left']), most=6)}"
    yield from log["notes"]


def show_survey(runs: Sequence[Surveyed], sweep: Diagnosis, console: Console) -> None:
    """Print a line for each run, in the order given, and what is wrong across them."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("run", overflow="fold")
    columns = [c for c in COLUMNS if console.width >= c.from_width]
    for column in columns:
        table.add_column(column.title, justify="right")
    table.add_column("findings", overflow="fold")
    for one in runs[:MOST]:
        numbers = [Text(number(column.value(one))) for column in columns]
        table.add_row(Text(printable(one.name)), *numbers, worst(one))
    console.print(table)
    if len(runs) > MOST:
        console.print(f"and {len(runs) - MOST:,} more; --json has them all")
    console.print(Text(_counted(runs), style="dim"))
    show_findings(sweep, console, over="Across the runs")


def worst(one: Surveyed) -> Text:
    """The most probable finding, and how many more there are."""
    if not one.diagnosis.findings:
        healthy = one.diagnosis.healthy
        return Text("healthy", style="green") if healthy else Text("–")
    first, *more = sorted(
        one.diagnosis.findings, key=lambda found: -found.severity.rank
    )
    text = Text(printable(first.rule), style=COLOURS[first.severity])
    return text.append(f" +{len(more)}" if more else "", style="not bold default")


def _counted(runs: Iterable[Surveyed]) -> str:
    all_of = list(runs)
    ill = sum(one.diagnosis.healthy is False for one in all_of)
    return f"{count(len(all_of), 'run')}, {ill} of them with a warning or worse"
