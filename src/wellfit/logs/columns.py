"""The columns of delimited text: their names, and what parts them."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from wellfit.logs.rows import is_missing, number

DELIMITERS = (",", "\t", ";", "|", " ")
HEAD = 50  # lines that tell the delimiter
LONGEST = 1 << 20  # characters of a line: longer ones are no table's


def columns(lines: Sequence[str]) -> tuple[list[str], str]:
    """The names of its columns, none where it is no table with a header; the delimiter.

    >>> columns(["step;loss", "0;0,5", "10;0,25"])
    (['step', 'loss'], ';')
    """
    found = _delimiter(lines)
    return ([], ",") if found is None else (_header(lines, found), found)


def _header(lines: Sequence[str], found: str) -> list[str]:
    names = split(first(lines), found)
    below = [split(line, found) for line in lines[1:HEAD]]
    worded = sum(number(cell) is None and bool(cell) for cell in names)
    least = len(names) if found == " " else max(1, len(names) // 2)
    wide = len(names) > 1 and worded >= least
    named = wide and all(len(name) < 200 for name in names)
    alike = [row for row in below if len(row) == len(names)]
    if not named or (below and len(alike) < max(1, len(below) // 2)):
        return []
    cells = [cell for row in alike for cell in row if not is_missing(cell)]
    numbers = sum(number(cell) is not None for cell in cells)
    return names if 2 * numbers >= len(cells) else []


def _delimiter(of: Sequence[str]) -> str | None:
    """What parts the cells of the first lines alike."""
    lines = [line.strip("\r\n") for line in of[:HEAD]]
    if not lines or any(len(line) > LONGEST for line in lines):
        return None
    lines[0] = first(lines)
    best: tuple[float, str] | None = None
    for sign in DELIMITERS:
        widths = [len(split(line, sign)) for line in lines]
        if widths[0] > 1:
            share = Counter(widths)[widths[0]] / len(widths)
            if best is None or share > best[0]:
                best = (share, sign)
    return None if best is None else best[1]


def first(lines: Iterable[str]) -> str:
    """The first line, without the marks that may stand before its names."""
    line = next(iter(lines), "")
    return re.sub(r"^\ufeff?#?\s*", "", line)


def split(line: str, sign: str) -> list[str]:
    """The cells of a line, without the blanks around them."""
    if sign == " ":
        return line.split()
    if '"' not in line:
        return [cell.strip() for cell in line.split(sign)]
    try:
        cells: list[Any] = next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return [line]
    return [cell.strip() for cell in cells]
