"""A table on disk that is read a chunk of rows at a time, and never whole.

Delimited text, packed or not, and Parquet; one file, or a folder of parts that have
the same columns. Text is read by Arrow, with the types that its first block tells,
widened where a later value does not fit; by pandas, as text, where Arrow cannot split
its lines.
"""

import bz2
import gzip
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadTable
from wellfit.data.delimited import (
    BOMS,
    MARKERS,
    SPACES,
    TEXT,
    Layout,
    decoded,
    layout,
    parsing,
)
from wellfit.data.freed import give_back
from wellfit.data.packed import FAULTS, OPEN, ZIP, member

PARQUET = (".parquet", ".pq")
HEAD = 2**20  # bytes, from which the layout is found out
BLOCK = 4 * 2**20  # bytes of text that are read at once
BATCH = 1 << 16  # rows at most of Parquet, and of what pandas reads
GIVEN_BACK = 16  # chunks, after which freed memory is given back: 150 MB on 400 MB
CELLS = 1 << 20  # at once: fewer rows where the columns are many
AT = re.compile(r"In CSV column #(\d+): .*?conversion error to (\w+)")


class LateType(Exception):
    """A value far into a file that its column's type has no place for."""

    def __init__(self, column: str, type_: str) -> None:
        super().__init__(f"column {column!r} is not of {type_} alone")
        self.column, self.type = column, type_


class RaggedLines(Exception):
    """Lines that Arrow cannot split."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Where the rows are, and how they are read.

    `layout` is that of delimited text, None of Parquet; `types` are Arrow's for its
    columns, none where pandas reads it.
    """

    path: Path
    files: tuple[Path, ...]
    columns: tuple[str, ...]
    layout: Layout | None = None
    encoding: str = "utf-8"
    types: Mapping[str, Any] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided while its head was read."""
        return () if self.layout is None else self.layout.notes

    def chunks(self, only: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Its rows in their order, as they are read: their types are not plain yet.

        `LateType` and `RaggedLines` where they must be read in another way.
        """
        names = list(self.columns if only is None else only)
        for number, chunk in enumerate(self._chunks(names)):
            yield chunk
            if number % GIVEN_BACK == 0:
                give_back()
        give_back()

    def _chunks(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        for file in self.files:
            if self.layout is None:
                yield from _parquet(file, names, self.columns)
            elif self.types:
                yield from _by_arrow(file, names, self)
            else:
                yield from _by_pandas(file, names, self)

    def read_otherwise(self, why: LateType | RaggedLines) -> "Stream":
        """The same, with a wider type of a column, or by pandas."""
        import pyarrow as pa

        if isinstance(why, RaggedLines):
            return replace(self, types={})
        numbers = why.type in {"int64", "null"}
        wider = pa.float64() if numbers else pa.string()
        return replace(self, types={**self.types, why.column: wider})

    def size(self) -> int:
        """Bytes of text, unpacked; of Parquet, rows."""
        if self.layout is not None:
            return sum(map(_unpacked_size, self.files))
        import pyarrow.parquet as pq

        return sum(pq.read_metadata(file).num_rows for file in self.files)


def open_stream(path: Path) -> Stream | None:
    """The table at a path, to be read in chunks; None where it must be read whole.

    `BadTable` where it is damaged, or parts in a folder are not alike.
    """
    files = parts_in(path) if path.is_dir() else (path,)
    if not files or not path.exists():
        return None
    if files[0].suffix.lower() in PARQUET:
        return _alike(path, files, _parquet_columns)
    head = _head(files[0])
    if head is None:
        return None
    return _text_stream(path, files, head)


def parts_in(folder: Path) -> tuple[Path, ...]:
    """The parts of a table that a folder holds: files of one form, by name."""
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.name[0] not in "._")
    found = Counter(_form(p) for p in files)
    found.pop("", None)
    if not found:
        return ()
    form = found.most_common(1)[0][0]
    return tuple(p for p in files if _form(p) == form)


def _form(file: Path) -> str:
    """`parquet` or `text`; empty for what is neither by its name."""
    inner = _inner(file)
    if inner in PARQUET:
        return "parquet" if file.suffix.lower() in PARQUET else ""
    return "text" if inner in TEXT and inner else ""


def _inner(file: Path) -> str:
    """The ending of what is in a packed file, or of the file itself."""
    packed = file.suffix.lower() in {*OPEN, ".zip"}
    return Path(file.stem if packed else file.name).suffix.lower()


def _alike(
    path: Path, files: tuple[Path, ...], columns_of: Callable[[Path], tuple[str, ...]]
) -> Stream:
    columns = columns_of(files[0])
    for file in files[1:]:
        _check_columns(file, columns_of(file), columns, files[0])
    return Stream(path=path, files=files, columns=columns)


def _check_columns(
    file: Path, found: Sequence[str], wanted: Sequence[str], first: Path
) -> None:
    if set(found) == set(wanted):
        return
    odd = sorted(set(found) ^ set(wanted))[0]
    raise BadTable(
        f"the parts of a table must have the same columns: {odd!r} is in only one of "
        f"{first} and {file.name}"
    )


# -- Parquet ----------------------------------------------------------------------


def _parquet_columns(file: Path) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return tuple(pq.read_schema(file).names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadTable(f"{file} is not a Parquet file, or is damaged") from error


def _parquet(
    file: Path, names: Sequence[str], columns: Sequence[str]
) -> Iterator[pd.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = max(min(BATCH, CELLS // len(columns)), 1)
    try:
        with pq.ParquetFile(file, buffer_size=HEAD, pre_buffer=False) as opened:
            for batch in opened.iter_batches(
                batch_size=rows, columns=list(names), use_threads=False
            ):
                yield batch.to_pandas()[list(names)]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadTable(f"{file} is not a Parquet file, or is damaged") from error


# -- delimited text ---------------------------------------------------------------


def _head(file: Path) -> bytes | None:
    """The first of its text, cut at a line; None where it is read whole."""
    if _inner(file) not in TEXT or not file.is_file():
        return None
    try:
        with unpacked(file) as opened:
            head = opened.read(HEAD)
    except FAULTS:
        return None
    inside = head.startswith((ZIP, *(mark for mark, _ in OPEN.values())))
    if inside or b"\n" not in head:
        return None
    return head


def unpacked(file: Path) -> IO[bytes]:
    """A file's content, unpacked as it is read."""
    match file.suffix.lower():
        case ".gz":
            return gzip.open(file, "rb")  # type: ignore[return-value]
        case ".bz2":
            return bz2.open(file, "rb")
        case ".xz":
            return lzma.open(file, "rb")
        case ".zip":
            archive = ZipFile(file)
            return archive.open(member(archive, str(file)))
        case ".zst":
            import pyarrow as pa

            return pa.CompressedInputStream(file, "zstd")  # type: ignore[no-any-return]
        case _:
            return file.open("rb")


def _unpacked_size(file: Path) -> int:
    if file.suffix.lower() not in {*OPEN, ".zip"}:
        return file.stat().st_size
    with unpacked(file) as opened:
        return sum(map(len, iter(partial(opened.read, HEAD), b"")))


def _text_stream(path: Path, files: tuple[Path, ...], head: bytes) -> Stream:
    encoding = next((e for mark, e in BOMS.items() if head.startswith(mark)), "utf-8")
    if encoding.startswith("utf-8"):
        text = decoded(head[: head.rindex(b"\n") + 1], str(files[0]))
    else:
        text = head[: len(head) // 4 * 4].decode(encoding, errors="ignore")
    found = layout(text, str(files[0]))
    made = Stream(path=path, files=files, columns=(), layout=found, encoding=encoding)
    if found.sep == SPACES or found.comma or not encoding.startswith("utf-8"):
        return replace(made, columns=_columns_by_pandas(made, files[0]))
    schema = _schema(files[0], found)
    if schema is None:
        return replace(made, columns=_columns_by_pandas(made, files[0]))
    for file in files[1:]:
        other = _schema(file, found)
        if other is not None:
            _check_columns(file, other.names, schema.names, files[0])
    types = dict(zip(schema.names, schema.types, strict=True))
    return replace(made, columns=tuple(schema.names), types=types)


def _columns_by_pandas(stream: Stream, file: Path) -> tuple[str, ...]:
    first = next(_by_pandas(file, None, stream), pd.DataFrame())
    return tuple(map(str, first.columns))


def _schema(file: Path, found: Layout) -> Any:
    """Arrow's, as the first block tells it; None where it cannot split the lines."""
    import pyarrow as pa

    try:
        with unpacked(file) as opened, _reader(opened, found) as reader:
            return reader.schema
    except pa.ArrowException:
        return None


def _reader(source: IO[bytes], found: Layout, **converting: Any) -> Any:
    from pyarrow import csv

    return csv.open_csv(
        source,
        read_options=csv.ReadOptions(
            column_names=found.names and list(found.names),
            block_size=BLOCK,
            use_threads=False,
        ),
        parse_options=csv.ParseOptions(delimiter=found.sep, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            null_values=["", *MARKERS], strings_can_be_null=True, **converting
        ),
    )


def _by_arrow(
    file: Path, names: Sequence[str], stream: Stream
) -> Iterator[pd.DataFrame]:
    import pyarrow as pa

    assert stream.layout is not None
    wanted = {
        "column_types": dict(stream.types),
        "include_columns": list(names),
    }
    try:
        with (
            unpacked(file) as opened,
            _reader(opened, stream.layout, **wanted) as reader,
        ):
            for batch in reader:
                yield batch.to_pandas(date_as_object=False)
    except pa.ArrowException as error:
        late = AT.search(str(error))
        if late is None:
            raise RaggedLines from error
        raise LateType(stream.columns[int(late[1])], late[2]) from error
    except FAULTS as error:
        raise BadTable(f"{file} is damaged: it ends too early") from error


def _by_pandas(
    file: Path, names: Sequence[str] | None, stream: Stream
) -> Iterator[pd.DataFrame]:
    """As text, so that a value means the same in whatever chunk it is."""
    assert stream.layout is not None
    rows = max(min(BATCH, CELLS // max(len(stream.columns), 1)), 1)
    as_text: dict[str, Any] = {} if stream.layout.comma else {"dtype": str}
    with (
        unpacked(file) as opened,
        parsing(
            opened,
            str(file),
            stream.layout,
            chunksize=rows,
            encoding=stream.encoding,
            **as_text,
        ) as chunks,
    ):
        for chunk in chunks:
            found = chunk.rename(columns=str)
            yield found if names is None else found[list(names)]
