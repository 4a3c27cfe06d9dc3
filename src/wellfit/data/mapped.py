"""Matrices in files, of which only the rows at hand are in memory."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 8192  # rows

Floats = NDArray[np.float32]


class Matrix:
    """A matrix of single precision that is written row after row: a `.npy` file."""

    def __init__(self, path: Path, rows: int) -> None:
        self._path, self._rows = path, rows
        self._file: IO[bytes] | None = None
        self._width = 0

    def add(self, x: NDArray[Any]) -> None:
        """Write the next rows."""
        if self._file is None:
            self._width = x.shape[1]
            self._file = self._path.open("wb")
            shape = (self._rows, self._width)
            said = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(self._file, said)
        self._file.write(np.ascontiguousarray(x, dtype="<f4").data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def opened(self) -> Floats:
        """The matrix, mapped into memory; an empty one needs no file."""
        if not self._rows:
            return np.zeros((0, self._width), dtype=np.float32)
        found: Floats = np.load(self._path, mmap_mode="r+")  # a tensor must be writable
        return found


def release(x: NDArray[Any]) -> None:
    """Let go of the pages of a mapped matrix; they come back as they are asked for."""
    mapped = getattr(x, "_mmap", None) if isinstance(x, np.memmap) else None
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.madvise(mmap.MADV_DONTNEED)


def pieces(x: NDArray[Any], rows: int = AT_ONCE) -> Iterator[NDArray[Any]]:
    """Some rows after others, each let go of before the next; at least one piece."""
    for start in range(0, max(len(x), 1), rows):
        yield x[start : start + rows]
        release(x)
