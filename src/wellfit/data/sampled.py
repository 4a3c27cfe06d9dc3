"""A uniform sample of the rows of a stream, and whole columns of it beside that.

A row is taken by the hash of its place: the rows of the least hashes are the sample.
They are the same whatever chunks the rows came in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadTable
from wellfit.data.hashes import GOLDEN, Hashes, mixed
from wellfit.data.stream import LateType, RaggedLines, Stream
from wellfit.data.table import plain

SPARE = 1.25  # of the rows wanted, that are held before those too many are let go

Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sampled:
    """Some rows of a stream whole, and some columns of all its rows.

    `places` are those of the sampled rows among all, ascending; `kept` are the columns
    that all rows have here. `stream` reads the rows again without a surprise.
    """

    stream: Stream
    rows: int
    places: Places
    frame: pd.DataFrame
    kept: pd.DataFrame

    @property
    def whole(self) -> bool:
        """Whether every row was taken."""
        return self.rows == len(self.places)


def sampled(
    stream: Stream, count: int, *, keep: Sequence[str] = (), seed: int = 0
) -> Sampled:
    """Read the stream once, and keep so many rows of it, or all where it has fewer."""
    while True:
        try:
            return _read(stream, count, list(keep), seed)
        except (LateType, RaggedLines) as why:
            stream = stream.read_otherwise(why)


def _read(stream: Stream, count: int, keep: list[str], seed: int) -> Sampled:
    sample = _Sample(count=count, seed=seed)
    kept: list[pd.DataFrame] = []
    for chunk in stream.chunks():
        sample.add(chunk)
        if keep:
            kept.append(chunk[keep].copy())
    name = stream.path.name
    if not sample.seen:
        raise BadTable(
            f"{name} has a header ({len(stream.columns)} columns) and no rows; "
            "at least one was expected"
        )
    places, frame = sample.taken()
    columns = pd.concat(kept, ignore_index=True) if keep else pd.DataFrame()
    return Sampled(
        stream=stream,
        rows=sample.seen,
        places=places,
        frame=plain(frame, name),
        kept=plain(columns, name),
    )


def hashes_of(start: int, count: int, seed: int) -> Hashes:
    """A number for each of so many places from `start` on, the same for the same."""
    places = np.arange(start, start + count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        return mixed(mixed(places + np.uint64(GOLDEN)) ^ np.uint64(seed * 2 + 1))


@dataclass(kw_only=True, slots=True, eq=False)
class _Sample:
    """The rows of the least hashes so far, in pieces in the order of the rows."""

    count: int
    seed: int
    seen: int = 0
    _held: int = 0
    _pieces: list[tuple[Hashes, Places, pd.DataFrame]] = field(default_factory=list)
    _bound: int = 2**64 - 1

    def add(self, chunk: pd.DataFrame) -> None:
        found = hashes_of(self.seen, len(chunk), self.seed)
        rows = np.flatnonzero(found <= np.uint64(self._bound))
        if len(rows):
            piece = chunk if len(rows) == len(chunk) else chunk.iloc[rows]
            self._pieces.append((found[rows], rows + self.seen, piece))
            self._held += len(rows)
        self.seen += len(chunk)
        if self._held > SPARE * self.count:
            self._let_go()

    def _let_go(self) -> None:
        """Keep as many as are wanted: `mixed` gives no two places the same hash."""
        hashes = np.concatenate([piece[0] for piece in self._pieces])
        if len(hashes) <= self.count:
            return
        self._bound = int(np.partition(hashes, self.count - 1)[self.count - 1])
        kept = []
        for piece, places, frame in self._pieces:
            rows = np.flatnonzero(piece <= np.uint64(self._bound))
            if len(rows):
                whole = len(rows) == len(piece)
                some = frame if whole else frame.iloc[rows]
                kept.append((piece[rows], places[rows], some))
        self._pieces = kept
        self._held = min(self.count, self._held)

    def taken(self) -> tuple[Places, pd.DataFrame]:
        self._let_go()
        places = np.concatenate([piece[1] for piece in self._pieces])
        frames = [piece[2] for piece in self._pieces]
        return places, pd.concat(frames, ignore_index=True)
