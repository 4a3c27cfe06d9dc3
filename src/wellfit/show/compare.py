"""Runs in a table: all of a folder, a line each, or a few of them side by side."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.core.signals import lower_is_better
from wellfit.show.numerals import duration, number
from wellfit.show.terminal import COLOURS, WIDEST, printable
from wellfit.verbs.compare import Row, compare
from wellfit.verbs.diagnose import diagnose
from wellfit.verbs.runs import Summary, summary


class Seen(NamedTuple):
    """A run, in a line, and what is wrong with it."""

    run: Run
    line: Summary
    diagnosis: Diagnosis


class Column(NamedTuple):
    """A column of the list, and the width of terminal from which on it is shown."""

    title: str
    cell: Callable[[Seen], Text]
    from_width: int = 0
    justify: Literal["left", "right"] = "left"


def show_runs(runs: Iterable[Run], console: Console) -> None:
    """Print a line for each run, in the order given: newest first, as a rule."""
    seen = [
        Seen(run, summary(run, run.path), diagnose(run)) for run in runs if run.path
    ]
    table = _table()
    columns = [c for c in COLUMNS if console.width >= c.from_width]
    for column in columns:
        table.add_column(column.title, justify=column.justify)
    for one in seen:
        table.add_row(*(column.cell(one) for column in columns))
    console.print(table)


def show_compared(runs: Sequence[Run], console: Console) -> None:
    """Print runs side by side: what differs in their making, their results, findings.

    What is the same in all of them is named once, at the end. The best of each result
    is bold.
    """
    rows = [*compare(runs), *_versions(runs)]
    results = [row for row in rows if "/" in row.name]
    made = [row for row in rows if row not in results]
    alone = len(runs) == 1
    differing = [r for r in made if alone or any(v != r.values[0] for v in r.values)]
    table = _table()
    for title in ("", *(_name(run) for run in runs)):
        table.add_column(Text(title), overflow="fold")
    for block in (_plain(differing), _results(results), _findings(runs)):
        for cells in block:
            table.add_row(*cells)
        table.add_section()
    console.print(table)
    same = [
        f"{r.name} {_said(r.name, r.values[0])}" for r in made if r not in differing
    ]
    if same:
        line = Text(printable(f"The same in all: {', '.join(same)}"), style="dim")
        console.print(line, width=min(console.width, WIDEST))


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)


def _name(run: Run) -> str:
    return printable(run.path.name) if run.path is not None else "run"


def _versions(runs: Sequence[Run]) -> Iterator[Row]:
    known = [run.facts.get("versions") or {} for run in runs]
    for package in dict.fromkeys(name for versions in known for name in versions):
        yield Row(name=package, values=tuple(v.get(package) for v in known))


def _plain(rows: Iterable[Row]) -> Iterator[list[Text]]:
    for row in rows:
        cells = [Text(printable(_said(row.name, value))) for value in row.values]
        yield [Text(row.name, style="dim"), *cells]


def _results(rows: Iterable[Row]) -> Iterator[list[Text]]:
    for row, cells in zip(rows, _plain(rows), strict=True):
        known = [v for v in row.values if v is not None and math.isfinite(v)]
        better = min if lower_is_better(row.name) else max
        best = better(known, default=None)
        for value, cell in zip(row.values, cells[1:], strict=True):
            cell.stylize("bold" if value == best and len(set(known)) > 1 else "")
        yield cells


def _findings(runs: Iterable[Run]) -> Iterator[list[Text]]:
    found = [{f.rule: f for f in diagnose(run).findings} for run in runs]
    for rule in dict.fromkeys(rule for findings in found for rule in findings):
        yield [
            Text(printable(rule), style="dim"),
            *(
                Text(one.severity, style=COLOURS[one.severity]) if one else Text("–")
                for one in (findings.get(rule) for findings in found)
            ),
        ]


def _said(name: str, value: Any) -> str:
    if name == "seconds":
        return duration(value)
    if value is None or isinstance(value, float | int):
        return number(value)
    return str(value)


def _what(seen: Seen) -> Text:
    script = (seen.run.facts.get("command") or {}).get("script")
    said = str(script).rpartition("/")[2] if script else seen.line.model or "–"
    return Text(printable(said))


def _diagnosed(seen: Seen) -> Text:
    if not seen.diagnosis.findings:
        healthy = seen.diagnosis.healthy
        return Text("healthy", style="green") if healthy else Text("–")
    first, *more = seen.diagnosis.findings
    text = Text(printable(first.rule), style=COLOURS[first.severity])
    return text.append(f" +{len(more)}" if more else "", style="not bold default")


COLUMNS: Final = (
    Column("run", lambda seen: Text(printable(seen.line.run.name))),
    Column("written", lambda s: Text(f"{s.line.written:%Y-%m-%d %H:%M}"), 100),
    Column("of", _what, 80),
    Column("steps", lambda seen: Text(number(seen.line.steps)), 60, "right"),
    Column("val loss", lambda seen: Text(number(seen.line.val_loss)), 80, "right"),
    Column("ended", lambda seen: Text(seen.line.ended), 100),
    Column("findings", _diagnosed),
)
