"""Delimited text, streamed: delimiter and header found out, header lines that recur."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from wellfit.core.errors import BadLog
from wellfit.logs.peek import Peek
from wellfit.logs.rows import number

DELIMITERS = (",", "\t", ";", "|", " ")
LONGEST = 1 << 20  # characters of a line: longer ones are no table's
HEAD = 50  # lines that tell the delimiter


def header(peek: Peek) -> list[str]:
    """The names of its columns; empty where it is no table with a header."""
    found = delimiter(peek)
    if found is None:
        return []
    names = _split(_first(peek.lines), found)
    below = [_split(line, found) for line in peek.lines[1:HEAD]]
    worded = sum(number(cell) is None and bool(cell) for cell in names)
    wide = len(names) > 1 and worded >= max(1, len(names) // 2)
    named = wide and all(len(name) < 200 for name in names)
    alike = [row for row in below if len(row) == len(names)]
    if not named or (below and len(alike) < max(1, len(below) // 2)):
        return []
    return names


def delimiter(peek: Peek) -> str | None:
    """What parts the cells of its first lines alike."""
    lines = [line.strip("\r\n") for line in peek.lines[:HEAD]]
    if not lines or any(len(line) > LONGEST for line in lines):
        return None
    lines[0] = _first(lines)
    best: tuple[float, str] | None = None
    for sign in DELIMITERS:
        widths = [len(_split(line, sign)) for line in lines]
        if widths[0] > 1:
            share = Counter(widths)[widths[0]] / len(widths)
            if best is None or share > best[0]:
                best = (share, sign)
    return None if best is None else best[1]


def rows(peek: Peek) -> Iterator[dict[str, str]]:
    """Each row by the names of its columns.

    A line of names that comes again begins a table anew. Of a last line that was cut
    off, the cell at the cut is left out: nobody knows what it was.
    """
    names, sign = header(peek), delimiter(peek) or ","
    comma = sign == ";"
    for record, whole in _records(peek, sign):
        if _is_header(record, names):
            names = record
            continue
        cells = record
        if not whole and len(cells) < len(names):
            cells = cells[:-1]
        if comma:
            cells = [re.sub(r"^(-?\d+),(\d+)$", r"\1.\2", cell) for cell in cells]
        yield dict(zip(names, cells, strict=False))


def _is_header(record: list[str], names: list[str]) -> bool:
    if record == names:
        return True
    worded = all(number(cell) is None for cell in record if cell)
    return worded and 2 * len({*record} & {*names}) > len(names)


def _records(peek: Peek, sign: str) -> Iterator[tuple[list[str], bool]]:
    """Each line's cells, and whether the line is whole."""
    try:
        with peek.path.open(encoding=peek.encoding, errors="replace", newline="") as f:
            first = True
            for line in lines(f, peek.path):
                if not line.strip() or (line.startswith("#") and not first):
                    continue
                text = _first([line]) if first else line
                first = False
                yield _split(text, sign), line.endswith(("\n", "\r"))
    except OSError as error:
        raise BadLog(f"{peek.path} cannot be read: {error.strerror}") from error


def lines(file: TextIO, path: Path) -> Iterator[str]:
    """The lines of a file; `BadLog` where one has no end."""
    while line := file.readline(LONGEST):
        if len(line) == LONGEST:
            raise BadLog(
                f"{path} has a line of more than {LONGEST:,} characters: no log of "
                "numbers; expected a line for each step or epoch"
            )
        yield line.replace("\0", "")


def _first(lines: Iterable[str]) -> str:
    line = next(iter(lines), "")
    return re.sub(r"^\ufeff?#?\s*", "", line)


def _split(line: str, sign: str) -> list[str]:
    if sign == " ":
        return line.split()
    try:
        cells: list[Any] = next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return [line]
    return [cell.strip() for cell in cells]
