"""Large delimited files: read by Arrow from the disk, never held as text."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd  # noqa: TID253

from wellfit.data.delimited import BOMS, SPACES, Layout, decoded, layout, parsed

LARGE = 64 * 2**20  # bytes, from which on a file is read so
HEAD = 2**20  # bytes, from which the layout is found out
BLOCK = 32 * 2**20  # bytes, from the first of which Arrow tells the types of columns


def parse_large(
    path: Path, markers: Collection[str]
) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """The table, and what was decided on the way; None where it must be read whole.

    That is where cells are parted by spaces, decimals by commas, or the encoding is
    not UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(tuple(BOMS)) or b"\n" not in head:
        return None
    text = decoded(head[: head.rindex(b"\n")], str(path))
    found = layout(text, str(path))
    if found.sep == SPACES or found.comma:
        return None
    return _by_arrow(path, markers, found), found.notes


def _by_arrow(path: Path, markers: Collection[str], found: Layout) -> Any:
    """By Arrow; by pandas where a column changes its type late, or a line is odd."""
    import pyarrow as pa
    from pyarrow import csv

    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(
                column_names=found.names and list(found.names), block_size=BLOCK
            ),
            parse_options=csv.ParseOptions(
                delimiter=found.sep, newlines_in_values=True
            ),
            convert_options=csv.ConvertOptions(
                null_values=["", *markers], strings_can_be_null=True
            ),
        )
    except pa.ArrowException:
        return parsed(path, str(path), markers, found)
    return table.to_pandas(split_blocks=True, self_destruct=True, date_as_object=False)
