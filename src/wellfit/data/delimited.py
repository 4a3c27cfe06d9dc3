"""Delimited text: its encoding, delimiter and header are found out."""

import codecs
import csv
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Any

import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadTable

TEXT = (".csv", ".tsv", ".txt", ".tab", ".data", "")
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before utf-16: its mark begins with that one's
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MARKERS = frozenset(  # of a missing value
    [
        *("?", "-", "--", ".", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan"),
        *("NaT", "null", "NULL", "None", "none", "#VALUE!"),
    ]
)
SPACES = r"\s+"
LOOKED_AT = 100  # lines, for the delimiter
SENTENCE = 4  # words: a name seldom has more, and none has a number beside it
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How delimited text is laid out: what parts its cells, and its own names or ours.

    `names` is None where the first line holds them.
    """

    sep: str
    names: tuple[str, ...] | None
    comma: bool
    notes: tuple[str, ...]


def parse_text(
    raw: bytes, *, name: str, markers: Collection[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table in delimited text, and what was decided on the way."""
    text = decoded(raw, name)
    found = layout(text, name)
    return parsed(StringIO(text), name, markers, found), found.notes


def layout(text: str, name: str) -> Layout:
    """Find it out from the first lines; `BadTable` where they are no table."""
    sep = _delimiter(text, name)
    first, *rest = _cells(text, sep, LOOKED_AT)
    notes: list[str] = []
    names = None
    if _is_data(first, rest):
        names = tuple(f"column_{i}" for i in range(1, len(first) + 1))
        notes.append(
            "the first line holds values, not names: "
            f"the columns are called column_1 to column_{len(first)}"
        )
    else:
        _no_duplicates(first, name)
    comma = sep == ";" and _decimal_comma(text)
    if comma:
        notes.append("read 3,14 as a number: the decimal mark is a comma")
    return Layout(sep=sep, names=names, comma=comma, notes=tuple(notes))


def decoded(raw: bytes, name: str) -> str:
    """The text, by its mark or as UTF-8; `BadTable` where it is none."""
    if len(raw) > 1 and raw.count(raw[:1]) == len(raw):
        raise BadTable(
            f"{name} is the byte 0x{raw[0]:02x} {len(raw):,} times over: a damaged "
            "file, not a table; fetch it again"
        )
    encoding = next((e for mark, e in BOMS.items() if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadTable(
            f"{name} is not {encoding.removesuffix('-sig').upper()} (byte "
            f"0x{raw[error.start]:02x} at {error.start:,}); it may be Windows-1252: "
            f"convert it with iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
    if "\0" in text:
        raise BadTable(
            f"{name} has NUL bytes, the first at {text.index(chr(0)):,}: it is "
            "damaged, binary, or UTF-16 without its mark; save it as UTF-8 text"
        )
    if not text.strip():
        raise BadTable(f"{name} is empty; a table with a header was expected")
    return text


def _delimiter(text: str, name: str) -> str:
    widths = {sep: _widths(text, sep) for sep in (",", ";", "\t", "|", SPACES)}
    split = {sep: w for sep, w in widths.items() if w[0] > 1}
    if not split:
        raise BadTable(
            f"{name} has one column; a target and at least one column to learn from "
            "are needed, separated by comma, semicolon, tab, bar or spaces"
        )
    return max(split, key=lambda sep: (_agreement(split[sep]), sep != SPACES))


def _agreement(widths: list[int]) -> float:
    """The share of lines as wide as the first, which is most often the header."""
    return Counter(widths)[widths[0]] / len(widths)


def _widths(text: str, sep: str) -> list[int]:
    return [len(cells) for cells in _cells(text, sep, LOOKED_AT)] or [0]


def _cells(text: str, sep: str, count: int) -> list[list[str]]:
    """The first records, as lists of stripped cells; empty lines left out."""
    lines = StringIO(text, newline="")
    records: Iterable[list[str]] = (line.split() for line in lines)
    if sep != SPACES:
        records = csv.reader(lines, delimiter=sep, skipinitialspace=True)
    try:
        kept = islice((r for r in records if any(r)), count)
        return [[cell.strip() for cell in record] for record in kept]
    except csv.Error:  # a cell beyond csv's limit: no table in this form
        return [[""]]


def _is_data(first: list[str], rest: list[list[str]]) -> bool:
    """Whether a first line is a row of values: no header would look like this.

    Whole numbers alone may be names (years, or a frame's own 0, 1, 2), unless one
    has a sign or comes twice, or comes again below itself beside a whole sentence. A
    word that comes again below itself is a value.
    """
    numbers = [cell for cell in first if NUMBER.fullmatch(cell)]
    if "?" in first or any("." in n or n[0] in "+-" for n in numbers):
        return True
    below = [record for record in rest if record != first]  # a header may come again
    prose = any(len(cell.split()) >= SENTENCE for cell in first)
    again = any(
        cell and (prose or cell not in numbers) and cell == record[place]
        for record in below
        for place, cell in enumerate(first[: len(record)])
    )
    return again or len(set(numbers)) < len(numbers)


def _no_duplicates(names: list[str], table: str) -> None:
    for column, times in Counter(n for n in names if n).items():
        if times > 1:
            raise BadTable(
                f"{table} has {times} columns called {column!r}; "
                "column names must differ: rename one"
            )


def _decimal_comma(text: str) -> bool:
    cells = [cell for record in _cells(text, ";", LOOKED_AT) for cell in record]
    return any(re.fullmatch(r"-?\d+,\d+", c) for c in cells) and not any(
        re.fullmatch(r"-?\d+\.\d+", c) for c in cells
    )


def parsed(
    source: Any, name: str, markers: Collection[str], found: Layout
) -> pd.DataFrame:
    """The table in a text or a file of that layout; `BadTable` where lines are odd."""
    with parsing(source, name, found, markers=markers, low_memory=False) as frame:
        return frame  # type: ignore[no-any-return]


@contextmanager
def parsing(
    source: Any,
    name: str,
    found: Layout,
    *,
    markers: Collection[str] = MARKERS,
    **how: Any,
) -> Iterator[Any]:
    """What pandas makes of it, read within; `BadTable` where lines are odd.

    `how` is the rest of what pandas is told: with a `chunksize` it is chunks.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield pd.read_csv(
                source,
                na_values=list(markers),
                skipinitialspace=True,
                index_col=False,
                sep=found.sep,
                names=found.names,
                decimal="," if found.comma else ".",
                **how,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        wide = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        said = "its lines cannot be split into columns (an open quotation mark, maybe)"
        if wide:
            said = f"line {wide[2]} has {wide[3]} cells where {wide[1]} were expected"
        elif isinstance(error, pd.errors.ParserWarning):
            said = "its lines have more cells than its header has names"
        raise BadTable(f"{name} is not a regular table: {said}") from error
