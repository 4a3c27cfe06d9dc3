"""Tables in whatever form a script holds them: their shape, a sample, fingerprints.

Nothing here draws from a global random generator, and nothing keeps a table alive.
"""

import random
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._missing import is_scalar_nan

ROWS = 2_000  # in a sample
COLUMNS = 1_024  # wider tables are not learnt from
KEPT = 2_048  # fingerprints of one table, about
WIDE = 64  # columns, evenly spread, that a fingerprint is made of
NARROW = 4  # columns by which the rows are chosen whose fingerprints are kept
CLASSES = 200  # more are none

Floats = NDArray[np.float64]


def shape(table: Any) -> tuple[int, int | None] | None:
    """Rows and columns; None where that cannot be known without reading it all."""
    found = getattr(table, "shape", None)
    if isinstance(found, tuple) and found and isinstance(found[0], int):
        return int(found[0]), int(found[1]) if len(found) > 1 else None
    if isinstance(table, list | tuple):
        first = table[0] if table else None
        wide = len(first) if isinstance(first, list | tuple) else None
        return len(table), wide
    return None


def taken(table: Any, places: list[int]) -> Any:
    """Those rows, in the form that the table has."""
    if hasattr(table, "iloc"):  # pandas
        return table.iloc[places]
    if isinstance(table, list | tuple):
        return [table[place] for place in places]
    return table[places]


def some(rows: int, most: int = ROWS) -> list[int]:
    """Places of at most so many rows, evenly likely, in order."""
    if rows <= most:
        return list(range(rows))
    return sorted(random.Random(0).sample(range(rows), most))


def reference(thing: Any) -> Any:
    """What gives the thing back while it lives, or None where it cannot be asked."""
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Some rows of a training, as numbers; categories are numbered."""

    rows: Floats
    names: list[str] = field(default_factory=list)
    coded: bool = False  # some columns are no numbers


def sample(table: Any, places: list[int]) -> Sample | None:
    """Those rows as numbers; None for texts, and for what is too wide or no table."""
    size = shape(table)
    if size is None or size[1] is None or size[1] > COLUMNS or not places:
        return None
    some_rows = taken(table, places)
    if hasattr(some_rows, "toarray"):
        some_rows = some_rows.toarray()
    if hasattr(some_rows, "columns"):
        names = [str(name) for name in some_rows.columns]
        columns = [some_rows.iloc[:, place] for place in range(len(names))]
        coded = [_numbers(np.asarray(column)) for column in columns]
        rows = np.column_stack([numbers for numbers, _ in coded])
        return Sample(rows, names, any(is_coded for _, is_coded in coded))
    array = np.asarray(some_rows)
    if array.ndim != 2:
        return None
    if array.dtype.kind in "biuf":
        return Sample(array.astype(np.float64))
    coded = [_numbers(column) for column in array.T]
    rows = np.column_stack([numbers for numbers, _ in coded])
    return Sample(rows, [], any(is_coded for _, is_coded in coded))


def _numbers(column: NDArray[Any]) -> tuple[Floats, bool]:
    """A column as numbers, and whether these are codes."""
    if column.dtype.kind in "biuf":
        return column.astype(np.float64), False
    try:
        return column.astype(np.float64), False
    except (TypeError, ValueError):
        text = [str(value) for value in column]
        missing = np.array([value is None or is_scalar_nan(value) for value in column])
        codes = np.unique(text, return_inverse=True)[1].astype(np.float64)
        codes[missing] = np.nan
        return codes, True


def fingerprints(table: Any, thin: int | None = None) -> tuple[NDArray[Any], int]:
    """Numbers that are equal where rows are equal, and how thinly rows were chosen.

    Of many rows a part is chosen by what is in them, so that the same rows of another
    table are chosen too: pass that one's `thin`.
    """
    array = _array(table)
    if array is None or not len(array):
        return np.zeros(0, dtype=np.uint64), 1
    thin = max(1, len(array) // KEPT) if thin is None else thin
    if thin > 1:
        keys = _hashed(_spread(array, NARROW))
        array = array[keys % np.uint64(thin) == 0]
    return np.unique(_hashed(_spread(array, WIDE))), thin


def _array(table: Any) -> NDArray[Any] | None:
    """Rows of numbers; of texts a number each."""
    if hasattr(table, "select_dtypes"):
        table = table.select_dtypes("number").to_numpy()
    elif hasattr(table, "tocsr"):
        return np.asarray(table.tocsr()[:, :WIDE].toarray(), dtype=np.float64)
    if isinstance(table, list | tuple) and table and isinstance(table[0], str):
        return np.array([[hash(text)] for text in table], dtype=np.float64)
    array = np.asarray(table)
    if array.ndim == 1 and array.dtype.kind in "OU":
        array = np.array([hash(str(value)) for value in array.tolist()])
    if array.dtype.kind not in "biuf" or not array.size:
        return None
    return array.reshape(len(array), -1)


def _spread(array: NDArray[Any], most: int) -> Floats:
    some_columns = array[:, :: max(1, array.shape[1] // most)][:, :most]
    return np.nan_to_num(np.asarray(some_columns, dtype=np.float64), nan=-1.25)


def _hashed(rows: Floats) -> NDArray[np.uint64]:
    # Column by column and in float64: the same row gives the same bits in any table.
    total = np.zeros(len(rows))
    for place in range(rows.shape[1]):
        total += rows[:, place].astype(np.float32) * np.cos(1.0 + place)
    bits = total.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return bits ^ (bits >> np.uint64(29))


def label(value: Any) -> str:
    """A class in words: 1.0 is `1`."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
