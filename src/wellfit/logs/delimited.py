"""Delimited text, streamed row by row; header lines may recur, the end be cut off."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from wellfit.core.errors import BadLog
from wellfit.logs.columns import LONGEST, first, split
from wellfit.logs.peek import Peek
from wellfit.logs.rows import number


def rows(peek: Peek) -> Iterator[dict[str, str]]:
    """Each row by the names of its columns.

    A line of names that comes again begins a table anew. Of a last line that was cut
    off, the cell at the cut is left out: nobody knows what it was.
    """
    names, sign = peek.columns
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
        yield {n: cell for n, cell in zip(names, cells, strict=False) if cell}


def _is_header(record: list[str], names: list[str]) -> bool:
    if record == names:
        return True
    worded = all(number(cell) is None for cell in record if cell)
    return worded and 2 * len({*record} & {*names}) > len(names)


def _records(peek: Peek, sign: str) -> Iterator[tuple[list[str], bool]]:
    """Each line's cells, and whether the line is whole."""
    try:
        with peek.path.open(encoding=peek.encoding, errors="replace", newline="") as f:
            begun = False
            for line in lines(f, peek.path):
                if line.isspace() or (line.startswith("#") and begun):
                    continue
                text = line if begun else first([line])
                begun = True
                yield split(text, sign), line.endswith(("\n", "\r"))
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
