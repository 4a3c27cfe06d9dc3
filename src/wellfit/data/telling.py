"""Columns that tell nothing: constants, copies of others, names of rows, and noise."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.columns import Kind, Series, texts
from wellfit.data.likeness import hashed

ROWS = 10_000  # on which columns are compared before all of them are
NEARLY = 0.999  # of the rows have the commonest value: nearly a constant
LEAST = 30  # rows: two columns of fewer may agree by chance
OCTILES = 8
LEAST_COLUMNS = 20  # of fewer, the share of those that tell nothing is not known
LEAST_ROWS = 200  # 25 an octile
AFFINE = 1e-9  # of the spread: what may be left of a column that is a line in another


def untelling(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], target: str | None
) -> dict[str, Any]:
    """Of the fact `data`: `uninformative`, what tells nothing and why."""
    inputs = [n for n in frame.columns if n != target]
    constant = [n for n in inputs if kinds[n] is Kind.CONSTANT]
    varied = [n for n in inputs if n not in constant]
    copies = _copies(frame[varied], kinds)
    nearly = {n: s for n in varied if (s := _most(frame[n])) >= NEARLY}
    return {
        "columns": len(inputs),
        "constant": constant,
        "nearly_constant": nearly,
        "identifiers": [n for n in varied if kinds[n] is Kind.IDENTIFIER],
        "copies": copies,
    }


def _most(column: Series) -> float:
    """The share of the commonest value, gaps being one of the values."""
    some = column.iloc[:: max(1, len(column) // ROWS)]
    if some.value_counts(dropna=False, normalize=True).iloc[0] < NEARLY:
        return 0.0
    return float(column.value_counts(dropna=False, normalize=True).iloc[0])


def _copies(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Column → an earlier one that says the same in other words.

    Values one to one (2 for "two"), or numbers on one line (inches and centimetres).
    """
    some = frame.iloc[:: max(1, len(frame) // ROWS)]
    first: dict[int, str] = {}
    found: dict[str, str] = {}
    for name in frame.columns:
        keys = _keys(some[name], kinds[name])
        earlier = next((first[k] for k in keys if k in first), None)
        if earlier is not None and _same(frame[earlier], frame[name], kinds[name]):
            found[str(name)] = earlier
            continue
        first.update(dict.fromkeys(keys, str(name)))
    return found


def _keys(column: Series, kind: Kind) -> list[int]:
    """What columns share that are copies of each other."""
    keys = [int(_hash(column).sum())]
    if _recurs(column, kind):
        codes = pd.factorize(texts(column), use_na_sentinel=True)[0]
        keys.append(hash(codes.tobytes()))
    if kind is Kind.NUMBER and (line := _line(column)) is not None:
        keys.append(hash(line.tobytes()))
    return keys


def _recurs(column: Series, kind: Kind) -> bool:
    """Whether values come again: where none does, any two columns are one to one."""
    known = column.notna().sum()
    return kind is not Kind.TEXT and column.nunique() <= known / 2 and known >= LEAST


def _hash(column: Series) -> Any:
    with np.errstate(over="ignore"):
        return hashed(column, salt=1) * np.arange(1, len(column) + 1, dtype=np.uint64)


def _line(column: Series) -> Any:
    """Numbers with mean and spread taken out, to six digits; the sign as it comes."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return None
    values = column.to_numpy(dtype=np.float64)
    known = values[np.isfinite(values)]
    if len(known) < 3 or not known.std() > 0:
        return None
    scaled = (values - known.mean()) / known.std()
    first = known[np.flatnonzero(np.abs(known - known.mean()) > 0.1 * known.std())[0]]
    return np.round(scaled * np.sign(first - known.mean()), 5) + 0.0


def _same(earlier: Series, column: Series, kind: Kind) -> bool:
    """Whether the two say the same in all rows."""
    if np.any(earlier.isna().to_numpy() != column.isna().to_numpy()):
        return False
    if kind is Kind.NUMBER and _on_a_line(earlier, column):
        return True
    if not _recurs(column, kind):
        return bool(np.array_equal(_hash(earlier), _hash(column)))
    one, other = (pd.factorize(texts(c))[0] for c in (earlier, column))
    return bool(np.array_equal(one, other))


def _on_a_line(earlier: Series, column: Series) -> bool:
    if not all(pd.api.types.is_numeric_dtype(c.dtype) for c in (earlier, column)):
        return False
    x, y = (c.to_numpy(dtype=np.float64) for c in (earlier, column))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known] - x[known].mean(), y[known] - y[known].mean()
    left = y - x * (x @ y / max(x @ x, 1e-300))
    return bool(np.sqrt(left @ left) <= AFFINE**0.5 * np.sqrt(y @ y))


def silent(x: NDArray[np.float64], y: NDArray[Any], *, classes: bool) -> float | None:
    """The share of the columns (rows × columns) that tell nothing of the target.

    Of a column that tells nothing, the p-value of a test is spread evenly from 0 to 1:
    twice the share that lies above one half is theirs (Storey, 2002). Tested is whether
    the target differs between the column's octiles, so that it may bend.
    """
    from scipy.stats import chi2_contingency, f_oneway

    varied = x[:, x.std(axis=0) > 0]
    if varied.shape[1] < LEAST_COLUMNS or len(x) < LEAST_ROWS:
        return None
    p = []
    for column in varied.T:
        cuts = np.unique(np.quantile(column, np.linspace(0, 1, OCTILES + 1)[1:-1]))
        part = np.searchsorted(cuts, column, side="right")
        if classes:
            table = pd.crosstab(part, y).to_numpy()
            p.append(chi2_contingency(table).pvalue if table.shape[0] > 1 else 1.0)
        else:
            groups = [y[part == k] for k in np.unique(part)]
            p.append(f_oneway(*groups).pvalue if len(groups) > 1 else 1.0)
    return min(1.0, 2 * float(np.mean(np.asarray(p) > 0.5)))
