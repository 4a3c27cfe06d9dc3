"""A table of any size: whole where it finds room in memory, else a sample of its rows.

All that is estimated here is so from the first rows of the file.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadSetting, BadTable, UnknownName
from wellfit.data.freed import keep_apart
from wellfit.data.packed import PACKED
from wellfit.data.prepare import prepare
from wellfit.data.profile import kinds_of
from wellfit.data.sampled import Places, Sampled, sampled
from wellfit.data.split import Split
from wellfit.data.stream import (
    HEAD,
    LateType,
    RaggedLines,
    Stream,
    open_stream,
    unpacked,
)
from wellfit.data.table import Table, plain, read_table
from wellfit.data.target import Target
from wellfit.trainer.room import Room, shown

SMALL = 32 * 2**20  # bytes of a file that is read whole without a further look
RATIO = 16  # text is packed to so small a part of itself, at best
# Measured on bench/large.py's table of 3 and 15 million rows: resident memory by phase.
LOADED = 600 * 2**20  # bytes of the process that trains, whatever the rows
PASSING = 150 * 2**20  # of the rows that are at hand while all go by
EVERY = 72  # of each row of the table, sampled or not: its target, part and place
# What a row takes as a frame and as the matrices of all candidates: an estimate.
TIMES = 4.0
FEWEST = 1000  # rows: a smaller sample tells too little
LOOKED_AT = 2000  # rows, for how wide the matrices are


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Taken:
    """A table, and where that is a sample, the columns that all rows have here."""

    table: Table
    sample: Sampled | None = None

    @property
    def kept(self) -> pd.DataFrame:
        """The columns that were to be kept, of all rows."""
        return self.table.frame if self.sample is None else self.sample.kept

    def without_kept(self) -> "Taken":
        """The same, once nobody needs the columns that were kept."""
        if self.sample is None:
            return self
        return replace(self, sample=replace(self.sample, kept=pd.DataFrame()))

    def part_of(self, target: Target, split: Split) -> tuple[Target, Split]:
        """Target and split of the sampled rows, from those of all rows.

        The places of the split are among the sampled rows that have a target.
        """
        if self.sample is None:
            return target, split
        place = np.searchsorted(target.rows, self.sample.places)
        place = np.minimum(place, len(target.rows) - 1)
        own = np.flatnonzero(target.rows[place] == self.sample.places)
        place = place[own]

        def among(rows: Places) -> Places:
            there = np.zeros(len(target.rows), dtype=bool)
            there[rows] = True
            return np.flatnonzero(there[place])

        part = replace(
            split,
            train=among(split.train),
            validation=among(split.validation),
            test=among(split.test),
        )
        return replace(target, rows=own, y=target.y[place]), part


def tabled(data: Any, memory: int | str | None, *, seed: int) -> Table:
    """The table, or as many of its rows as the memory holds, which a note tells."""
    return take(data, memory, seed=seed).table


def take(
    data: Any, memory: int | str | None, *, seed: int, keep: Sequence[str] = ()
) -> Taken:
    """The table whole, or a sample of it beside the columns to `keep` of all rows.

    `BadSetting` where the memory does not hold even a small sample.
    """
    room = Room.of(memory)
    stream = _stream(data, room)
    if stream is None:
        return Taken(table=read_table(data))
    rows = rows_of(stream)
    count = _sampled_rows(stream, room, rows, every=EVERY if keep else 0)
    if count >= rows:
        return Taken(table=read_table(data))
    keep_apart()
    for name in keep:
        if name not in stream.columns:
            raise UnknownName("column", name, among=stream.columns)
    found = sampled(stream, count, keep=keep, seed=seed)
    table = Table(frame=found.frame, name=stream.path.name, notes=stream.notes)
    if found.whole:
        return Taken(table=table)
    note = (
        f"learnt from a sample of {len(found.frame):,} of its {found.rows:,} rows: all "
        f"of them find no room in {shown(room.limit)} of memory"
    )
    table = replace(table, of=found.rows, notes=(*table.notes, note))
    return Taken(table=table, sample=found)


def _stream(data: Any, room: Room) -> Stream | None:
    """The file, to be read in chunks; None for what is small, or is in memory."""
    if not isinstance(data, str | os.PathLike):
        return None
    path = Path(data)
    packed = RATIO if path.suffix.lower() in PACKED else 1
    small = path.is_file() and path.stat().st_size * packed < SMALL
    return None if small and not room.asked else open_stream(path)


def rows_of(stream: Stream) -> int:
    """About how many rows it has; of Parquet exactly."""
    if stream.layout is None:
        return stream.size()
    with unpacked(stream.files[0]) as opened:
        head = opened.read(HEAD)
    return max(round(stream.size() * head.count(b"\n") / len(head)), 1)


def _sampled_rows(stream: Stream, room: Room, rows: int, *, every: int) -> int:
    """How many rows find room, with all that is made of them."""
    left = room.left(LOADED) - PASSING - every * rows
    each = _bytes_of_a_row(_first(stream)) * TIMES
    count = int(left / each)
    if count < min(FEWEST, rows):
        least = room.limit - left + each * FEWEST
        raise BadSetting(
            f"{shown(room.limit)} of memory do not hold {FEWEST:,} rows of "
            f"{stream.path.name}, and all that is made of them: give it "
            f"--memory {shown(1.05 * least)} or more"
        )
    if count >= rows or room.asked:
        return count
    return 1 << (count.bit_length() - 1)  # what is free changes, the sample seldom


def _first(stream: Stream) -> pd.DataFrame:
    while True:
        try:
            chunk = next(stream.chunks(), None)
        except (LateType, RaggedLines) as why:
            stream = stream.read_otherwise(why)
            continue
        if chunk is None:
            raise BadTable(f"{stream.path.name} has no rows; there is nothing to learn")
        return plain(chunk, stream.path.name)


def _bytes_of_a_row(frame: pd.DataFrame) -> float:
    """As a frame, and as the matrices that candidates take."""
    some = frame.head(LOOKED_AT)
    try:
        prepared = prepare(some, kinds_of(some))
        widths = {v: prepared.apply(some.head(1), v).x.shape[1] for v in VIEWS}
    except BadTable:  # of these rows alone nothing can be learnt
        widths = dict.fromkeys(VIEWS, frame.shape[1])
    matrices = sum(widths[view] * VIEWS[view] for view in VIEWS)
    held: float = frame.memory_usage(deep=True).sum()
    each: float = held / len(frame) + matrices
    return each


VIEWS: dict[Any, int] = {"dense": 4, "coded": 8}  # bytes of a number in each
