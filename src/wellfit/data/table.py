"""Tables as people have them, read into one plain form.

`read_table` takes a path or a frame. Whatever came in, the columns that come out are
of four types only: bool, int64 or float64, datetime64 (UTC, without a zone), and str;
text is stripped, and the usual markers of a missing value are missing values.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadTable, nearest
from wellfit.data.columns import Series
from wellfit.data.delimited import MARKERS, TEXT, parse_text
from wellfit.data.imagesets import (
    CLASS,
    PART,
    is_image_set,
    located,
    read_image_set,
)
from wellfit.data.large import LARGE, parse_large
from wellfit.data.packed import PACKED, unpack

BLOCK = 1 << 18  # values of text at a time, of which there are copies then
SOME = 1000  # values: where one of them is no number, the column is text
KNOWN = (*TEXT, ".parquet", ".pq", ".xlsx", ".xlsm")
FRAME = "table"  # what one is called that is in memory


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """A table in plain form; `notes` says what was decided while it was read.

    Of a set of images, `target` is the column of their classes, and `part` the one
    that says which part each is in. Where `frame` is a sample, it is one `of` so many
    rows.
    """

    frame: pd.DataFrame
    name: str
    of: int | None = None
    notes: tuple[str, ...] = ()
    target: str | None = None
    part: str | None = None


def read_table(data: Any) -> Table:
    """The table in a file, or of a pandas, polars or Arrow frame.

    A file is CSV, TSV, Parquet or Excel, compressed (gz, bz2, xz, zst, zip) or not;
    paths of images in it are told from where it is. A folder of images, or a zip of
    one, is a table of their paths and classes. The caller's frame is never changed.
    Raises `BadTable` in one sentence.
    """
    if isinstance(data, Table):
        return data
    if not isinstance(data, str | os.PathLike):
        found = _from_frame(data)
        return _checked(replace(found, frame=plain(found.frame, found.name)))
    path = Path(data)
    if is_image_set(path):
        return _of_images(path)
    found = _read_file(path)
    frame = located(plain(found.frame, found.name), path.parent)
    return _checked(replace(found, frame=frame))


def _of_images(path: Path) -> Table:
    found = read_image_set(path)
    return Table(
        frame=found.frame,
        name=path.name or path.resolve().name,
        target=CLASS if found.labelled else None,
        part=PART if found.parted else None,
    )


def _read_file(path: Path) -> Table:
    if path.is_dir():
        return _parts(path)
    if path.suffix.lower() in TEXT and _size(path) >= LARGE:
        read = parse_large(path, MARKERS)
        if read is not None:
            return Table(frame=read[0], name=path.name, notes=read[1])
    name, raw = unpack(path.name, _bytes(path))
    if not raw:
        raise BadTable(f"{path} is empty; a table with a header was expected")
    suffix = Path(name).suffix.lower()
    if suffix in TEXT:
        frame, notes = parse_text(raw, name=str(path), markers=MARKERS)
        return Table(frame=frame, name=path.name, notes=notes)
    if suffix in {".parquet", ".pq"}:
        return Table(frame=_parquet(raw, path), name=path.name)
    if suffix in {".xlsx", ".xlsm"}:
        return _excel(raw, path)
    raise BadTable(
        f"{path} is of a kind that wellfit does not read ({suffix or 'no suffix'}); "
        f"it reads {' '.join(s for s in KNOWN if s)}, and each as {' '.join(PACKED)}"
    )


def _parts(folder: Path) -> Table:
    """The table in a folder of parts."""
    from wellfit.data.sampled import sampled
    from wellfit.data.stream import open_stream

    stream = open_stream(folder)
    if stream is None:
        raise BadTable(
            f"{folder} is a folder; give the path of one table in it, or a folder of "
            "Parquet or CSV parts that have the same columns"
        )
    found = sampled(stream, sys.maxsize)
    return Table(frame=found.frame, name=folder.name, notes=stream.notes)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        folder = path.parent
        beside = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        hint = nearest(path.name, beside) if beside else ""
        told = hint if "did you mean" in hint else ""
        raise BadTable(f"no table at {path}: there is no such file{told}") from error
    except OSError as error:
        raise BadTable(f"{path} cannot be read: {error.strerror}") from error


def _parquet(raw: bytes, path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.read_table(BytesIO(raw)).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadTable(f"{path} is not a Parquet file, or is damaged") from error
    return frame


def _excel(raw: bytes, path: Path) -> Table:
    try:
        with pd.ExcelFile(BytesIO(raw), engine="openpyxl") as book:
            sheets = [str(name) for name in book.sheet_names]
            frame = pd.read_excel(book, sheet_name=sheets[0])
    except Exception as error:  # openpyxl raises whatever a damaged file leads it to
        raise BadTable(f"{path} is not an Excel workbook, or is damaged") from error
    if len(sheets) == 1:
        return Table(frame=frame, name=path.name)
    note = f"read the sheet {sheets[0]!r}, the first of {len(sheets)}"
    return Table(frame=frame, name=path.name, notes=(note,))


def _from_frame(data: Any) -> Table:
    if isinstance(data, pd.DataFrame):
        plain = isinstance(data.index, pd.RangeIndex)
        note = "the frame's index is not used; reset_index() makes it a column"
        return Table(frame=data, name=FRAME, notes=() if plain else (note,))
    if hasattr(data, "collect"):  # a polars LazyFrame
        data = data.collect()
    if not hasattr(data, "__arrow_c_stream__"):
        raise BadTable(
            "a table must be a path, or a pandas, polars or Arrow frame; "
            f"got {type(data).__name__}"
        )
    import pyarrow as pa

    return Table(frame=pa.table(data).to_pandas(), name=FRAME)


def plain(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame with columns of the four types; `BadTable` where two have one name."""
    names = [str(column).strip() for column in frame.columns]
    _no_duplicates(names, name)
    frame = frame.reset_index(drop=True)
    columns = [_plain_column(frame.iloc[:, i]) for i in range(len(names))]
    named = dict(zip(names, columns, strict=True))
    return pd.DataFrame(named, copy=False) if columns else frame


def _plain_column(column: Series) -> Series:
    kind, types = column.dtype, pd.api.types
    if isinstance(kind, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None)
    if types.is_datetime64_dtype(kind):
        return column
    if types.is_timedelta64_dtype(kind):
        return column.dt.total_seconds()
    if types.is_bool_dtype(kind):
        return _text(column) if column.hasnans else column.astype("bool")
    if types.is_numeric_dtype(kind) and not types.is_complex_dtype(kind):
        whole = types.is_integer_dtype(kind) and not column.hasnans
        return column.astype("int64" if whole else "float64")
    return _text(column)


def like(frame: pd.DataFrame, types: Mapping[str, Any]) -> pd.DataFrame:
    """A chunk of a table, its columns of the types that the table was found to have.

    What is no number in a column of numbers is missing.
    """
    columns = {name: _like(frame[name], types[name]) for name in frame.columns}
    return pd.DataFrame(columns, copy=False)


def _like(column: Series, wanted: Any) -> Series:
    types = pd.api.types
    if not types.is_numeric_dtype(wanted) and not types.is_datetime64_dtype(wanted):
        return _stripped(column)
    if types.is_bool_dtype(wanted) or not types.is_string_dtype(column.dtype):
        return _plain_column(column)
    text = _stripped(column)
    if types.is_datetime64_dtype(wanted):
        return pd.to_datetime(text, errors="coerce")
    return pd.to_numeric(text, errors="coerce").astype("float64")


def _stripped(column: Series) -> Series:
    """Its values as text, or missing."""
    blocks = range(0, max(len(column), 1), BLOCK)
    found = [_stripped_block(column.iloc[start : start + BLOCK]) for start in blocks]
    return found[0] if len(found) == 1 else pd.concat(found)


def _stripped_block(column: Series) -> Series:
    text = column.astype("str").str.strip()
    return text.mask(column.isna() | text.isin(MARKERS) | (text == ""))


def _text(column: Series) -> Series:
    """Text, stripped; a number or a date where every value of it is one."""
    objects = column.dtype == object and len(column) > 0
    if objects and column.map(lambda v: hasattr(v, "year")).all():
        return pd.to_datetime(column, errors="coerce")
    text = _stripped(column)
    some = text.head(10 * SOME).dropna().head(SOME)
    if pd.to_numeric(some, errors="coerce").isna().any():
        return text
    words = text.str.lower().isin(["true", "false"])  # which pandas takes for 1 and 0
    number = pd.to_numeric(text.mask(words), errors="coerce")
    if text.notna().any() and number.notna().sum() == text.notna().sum():
        return _plain_column(number)
    return text


def _no_duplicates(names: Iterable[str], table: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadTable(
                f"{table} has more than one column {name!r}; "
                "column names must differ: rename one"
            )
        seen.add(name)


def _checked(table: Table) -> Table:
    rows, columns = table.frame.shape
    if not rows:
        raise BadTable(
            f"{table.name} has a header ({columns} columns) and no rows; "
            "at least one was expected"
        )
    return table
