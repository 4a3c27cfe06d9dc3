"""A few rows of what a data set was made of, taken when it is made.

The frameworks keep bins and let go of the rows. They are taken in the form they came
in, with a generator of their own, and turned into numbers once all is over.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS = 2_000
COLUMNS = 1_024  # wider data are not sampled
FEW = 20  # rows


class Rows(NamedTuple):
    """Rows as they came, their places among all rows, and how many those are."""

    data: Any
    places: NDArray[np.int64]
    of: int

    def first(self) -> bytes:
        """The first few rows in bytes: enough to tell tables apart."""
        few = numbers(self.data[:FEW])
        return b"" if few is None else few[0].tobytes()


def sample(data: Any) -> Rows | None:
    """At most 2,000 rows, spread by chance; None of what cannot be read cheaply."""
    shape = getattr(data, "shape", None)
    if shape is None or len(shape) != 2 or shape[0] < 2 or shape[1] > COLUMNS:
        return None
    count = int(shape[0])
    places = np.arange(count)
    if count > ROWS:
        chosen = np.random.default_rng(0).choice(count, ROWS, replace=False)
        places = np.sort(chosen)
    rows = _taken(data, places)
    return None if rows is None else Rows(rows, places, count)


def _taken(data: Any, places: NDArray[np.int64]) -> Any:
    """Copies of these rows; None of a kind that is not known."""
    kind = type(data).__module__.partition(".")[0]
    if kind == "pandas":
        return data.iloc[places]
    if kind == "pyarrow":
        return data.take(places)
    if kind == "polars":
        return data[places.tolist()]
    if kind == "scipy":
        return data[places] if getattr(data, "format", "") == "csr" else None
    return data[places] if isinstance(data, np.ndarray) else None


def numbers(rows: Any) -> tuple[Floats, list[str]] | None:
    """The rows as numbers, categories by their codes, and the names of the columns.

    Columns of text, and what else is no number, are left out.
    """
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    elif hasattr(rows, "to_pandas"):
        rows = rows.to_pandas()
    if isinstance(rows, np.ndarray):
        names = [f"input {place}" for place in range(rows.shape[1])]
        return (rows.astype(np.float64), names) if rows.dtype.kind in "fiub" else None
    columns = {str(name): _column(rows.iloc[:, n]) for n, name in enumerate(rows)}
    known = {name: column for name, column in columns.items() if column is not None}
    return (np.column_stack(list(known.values())), list(known)) if known else None


def _column(column: Any) -> Floats | None:
    if column.dtype.name == "category":
        codes = column.cat.codes.to_numpy().astype(np.float64)
        return np.where(codes < 0, np.nan, codes)
    if getattr(column.dtype, "kind", "O") not in "fiub":
        return None
    numbers: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers
