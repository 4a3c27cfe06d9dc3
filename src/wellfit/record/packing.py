"""Steps, numbers and counts as the columns of a table, and back.

Imports NumPy, and is itself imported with the first value that is written.
"""

import numpy as np
from numpy.typing import NDArray

from wellfit.core.histogram import BINS

Steps = tuple[int, int | None, bytes | None]  # first, stride, deltas
Packed = tuple[int, int, int | None, bytes | None, bytes]  # the columns of PACKED
Counted = tuple[int, int, int | None, bytes | None, int, int, bytes]  # those of COUNTED

PACKED = "count, first, stride, deltas, numbers"
COUNTED = "count, first, stride, deltas, low, bins, counts"


def pack(steps: NDArray[np.int64], numbers: NDArray[np.float64]) -> Packed:
    """A row for steps (n) and numbers (n, or signals × n), every bit of them kept."""
    return (len(steps), *pack_steps(steps), _pack_numbers(numbers))


def pack_steps(steps: NDArray[np.int64]) -> Steps:
    """The first step, and the distances to the others."""
    first, deltas = int(steps[0]), np.diff(steps)  # wraps around, as cumsum then does
    if not deltas.size:
        return first, 0, None
    low, high = int(deltas.min()), int(deltas.max())
    if low == high:
        return first, low, None
    size = next(s for s in (1, 2, 4, 8) if max(high, ~low) < 1 << (8 * s - 1))
    return first, None, deltas.astype(f"<i{size}").tobytes()


def _pack_numbers(numbers: NDArray[np.float64]) -> bytes:
    with np.errstate(all="ignore"):
        small = numbers.astype("<f4")
    same = (small == numbers) | np.isnan(numbers)
    return (small if same.all() else numbers.astype("<f8")).tobytes()


def unpack(
    row: Packed, width: int = 1, only: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Steps (n) and numbers (width × n) of a row; ValueError where it is damaged.

    With `only`, the numbers are those of that one signal (1 × n).
    """
    count, first, stride, deltas, packed = row
    size, rest = divmod(len(packed), max(count * width, 1))
    if rest or size not in (4, 8) or count < 1:
        raise ValueError(f"{len(packed)} bytes for {count} × {width} numbers")
    table = np.frombuffer(packed, f"<f{size}").reshape(width, count)
    numbers = table[slice(None) if only is None else [only]].astype(np.float64)
    return unpack_steps(count, first, stride, deltas), numbers


def unpack_steps(
    count: int, first: int, stride: int | None, deltas: bytes | None
) -> NDArray[np.int64]:
    """What `pack_steps` packed, `count` of them."""
    steps = np.arange(count, dtype=np.int64)
    if stride is not None:
        return first + stride * steps
    packed = deltas or b""
    steps[0] = first
    steps[1:] = np.frombuffer(packed, f"<i{len(packed) // (count - 1)}")
    return np.cumsum(steps)


def pack_counts(steps: NDArray[np.int64], counts: NDArray[np.int64]) -> Counted:
    """A row for steps (n) and counts (n × 51).

    Bins that are empty in all are left out at either end, and a count has as few bytes
    as the greatest needs.
    """
    return pack_many_counts(steps, counts[None])[0]


def pack_many_counts(
    steps: NDArray[np.int64], counts: NDArray[np.int64]
) -> list[Counted]:
    """A row for each of several histograms (k × n × 51) at the same steps (n)."""
    front = (len(steps), *pack_steps(steps))
    filled = counts.max(axis=1) > 0
    some = filled.any(axis=1)
    low = np.where(some, filled.argmax(axis=1), 0).tolist()
    end = np.where(some, BINS - filled[:, ::-1].argmax(axis=1), 0).tolist()
    most = counts.max(axis=(1, 2), initial=0).tolist()
    sizes = [next(s for s in (1, 2, 4, 8) if n < 1 << (8 * s)) for n in most]
    rows = []
    for each, first, last, size in zip(counts, low, end, sizes, strict=True):
        packed = each[:, first:last].astype(f"<u{size}").tobytes()
        rows.append((*front, first, last - first, packed))
    return rows


def unpack_counts(row: Counted) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Steps (n) and counts (n × 51) of a row; ValueError where it is damaged."""
    count, first, stride, deltas, low, bins, packed = row
    size, rest = divmod(len(packed), max(count * bins, 1))
    if rest or count < 1 or (packed and not bins) or not 0 <= low <= low + bins <= BINS:
        raise ValueError(f"{len(packed)} bytes for {count} × {bins} counts")
    counts = np.zeros((count, BINS), np.int64)
    if bins:
        kept = np.frombuffer(packed, f"<u{size}").reshape(count, bins)
        counts[:, low : low + bins] = kept
    return unpack_steps(count, first, stride, deltas), counts
