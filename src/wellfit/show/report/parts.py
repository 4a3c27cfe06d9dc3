"""What a page is made of: sections of charts, tables and facts, ready to be drawn."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A line of a chart's legend: its name, its tone, and its values in words."""

    name: str
    tone: str
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A chart: what charts.js needs to draw it, and what is said beside it.

    `label` tells in words what the picture shows, for those who do not see it;
    `toggles` names the switches above it: `log`, `smooth`.
    """

    id: str
    title: str
    label: str
    spec: Mapping[str, Any]
    note: str = ""
    keys: tuple[Key, ...] = ()
    toggles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell of a table; `bar` (0 to 1) draws a bar behind the text."""

    text: str
    bar: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under named columns; the first cell of a row names it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | str, ...], ...]
    numeric: tuple[int, ...] = ()
    note: str = ""

    def cells(self) -> Iterable[list[Cell]]:
        """The rows, every cell a Cell."""
        for row in self.rows:
            yield [Cell(text=c) if isinstance(c, str) else c for c in row]


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """Text to be copied: a file's, or a command."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of the page under its heading; `pairs` sets two charts abreast."""

    id: str
    title: str
    note: str = ""
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())
    codes: tuple[Code, ...] = ()
    pairs: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.charts or self.tables or self.facts or self.codes)


def plain(values: Iterable[float], digits: int = 5) -> list[float | None]:
    """Numbers fit for JSON: rounded to `digits`, None where they are not finite.

    >>> plain([0.123456789, float("nan"), float("inf"), 3])
    [0.12346, None, None, 3.0]
    """
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in values]
