"""Runs in the terminal: one a line, or side by side."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from wellfit.show.numerals import duration, number
from wellfit.show.terminal import printable
from wellfit.verbs.compare import Row
from wellfit.verbs.runs import Summary


def run_table(runs: Sequence[Summary]) -> Table:
    """A line a run."""
    table = _table()
    for title in ("run", "last written", "model"):
        table.add_column(title, overflow="fold")
    for title in ("steps", "train/loss", "val/loss"):
        table.add_column(title, justify="right")
    table.add_column("ended")
    for run in runs:
        table.add_row(
            _text(run.run.name),
            f"{run.written:%Y-%m-%d %H:%M}",
            _text(run.model or "–"),
            number(run.steps),
            number(run.train_loss),
            number(run.val_loss),
            run.ended,
        )
    return table


def comparison(names: Sequence[str], rows: Sequence[Row]) -> Table:
    """A column a run, a line for each thing about them: bold where they differ."""
    table = _table()
    table.add_column("")
    for name in names:
        table.add_column(_text(name), overflow="fold")
    for row in rows:
        differ = any(value != row.values[0] for value in row.values)
        cells = [_text(_said(row.name, value)) for value in row.values]
        table.add_row(Text(row.name, "dim"), *cells, style="bold" if differ else "")
    return table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)


def _text(said: str) -> Text:
    return Text(printable(said))


def _said(name: str, value: Any) -> str:
    if name == "seconds":
        return duration(value)
    if value is None or isinstance(value, float | int):
        return number(value)
    return str(value)
