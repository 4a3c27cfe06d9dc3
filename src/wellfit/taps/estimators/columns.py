"""Edits of columns: learnt from the rows of a fit, and done to whatever is asked.

What is learnt is a `Door` in front of an estimator. It is pickled and copied with it,
and keeps the form of a table: of a frame only the columns that hold numbers are
edited, the others stay as they are.
"""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from wellfit.taps.estimators.given import Given, Unchanged

Floats = NDArray[np.float64]
UNNAMED = "input "  # and the place: what a column without a name is called
SAMPLED = 5_000  # rows tell which columns tell something
WIDE = 60  # columns, of which there are 1,830 squares and products


@dataclass(slots=True, eq=False)
class Door:
    """What a table goes through before its estimator sees it."""

    made: Any  # a fitted transformer of the numbers
    names: list[Any] | None = None  # of the columns that it takes from a frame
    common: dict[Any, Any] = field(default_factory=dict)  # what fills other columns

    def __call__(self, table: Any) -> Any:
        """The table behind it."""
        if self.names is None or not _is_frame(table):
            return self.made.transform(_matrix(table))
        return self._framed(table)

    def _framed(self, table: Any) -> Any:
        import pandas as pd

        assert self.names is not None
        found = self.made.transform(_numbers(table[self.names]))
        called = list(map(str, self.names))
        told = list(self.made.get_feature_names_out(np.array(called, dtype=object)))
        known = dict(zip(called, self.names, strict=True))
        frame = pd.DataFrame(found, index=table.index)
        frame.columns = pd.Index([known.get(name, name) for name in told], dtype=object)
        others = table.drop(columns=self.names)
        if self.common:
            others = others.fillna(self.common)
        both = pd.concat([others, frame], axis=1)
        kept = [name for name in table.columns if name in both.columns]
        return both[[*kept, *(n for n in both.columns if n not in table.columns)]]


@dataclass(slots=True, eq=False)
class Without:
    """Leaves out columns, by name or by place."""

    names: list[Any]

    def __call__(self, table: Any) -> Any:
        """The table without them."""
        if _is_frame(table):
            return table.drop(columns=self.names)
        kept = [i for i in range(table.shape[1]) if i not in self.names]
        return table[:, kept]


def door(transformer: Any, given: Given, *, sparse: bool = False) -> Door:
    """That transformer, learnt from the numbers of these rows."""
    table = given.table
    if not _is_frame(table):
        matrix = _matrix(table, sparse=sparse)
        return Door(_learnt(transformer, matrix, given))
    names = [n for n in table.columns if _is_number(table[n])]
    if not names:
        raise Unchanged("no column holds numbers")
    return Door(_learnt(transformer, _numbers(table[names]), given), names)


def _learnt(transformer: Any, rows: Any, given: Given) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns, say: not the script's
        return transformer.fit(rows, given.targets)


def standardize(given: Given) -> Door:
    """To mean 0 and standard deviation 1; what is sparse keeps its zeros."""
    sparse = hasattr(given.table, "tocsr")
    return door(StandardScaler(with_mean=not sparse), given, sparse=True)


def impute(given: Given) -> Door:
    """The median, or the commonest value, and columns that say where gaps were."""
    filled = make_pipeline(
        Finite(),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
    )
    table = given.table
    if not _is_frame(table):
        if np.isfinite(_matrix(table, sparse=False)).all():
            raise Unchanged("there are no gaps")
        return door(filled, given)
    if not _gaps(table):
        raise Unchanged("there are no gaps")
    made = door(filled, given)
    for name in table.columns:
        if name not in (made.names or ()) and len(table[name].mode()):
            made.common[name] = table[name].mode().iloc[0]
    return made


def clip(given: Given, share: float) -> Door:
    """To the range between the quantiles that leave that share at either end."""
    return door(Limits(share), given)


def cross(given: Given) -> Door:
    """The columns, brought to one scale, their squares and products."""
    made = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False))
    numbers = _wide(given.table)
    if numbers > WIDE:
        raise Unchanged(f"there are {numbers} columns: products of {WIDE} at most")
    return door(made, given)


def select(given: Given, share: float) -> Door:
    """Those that tell most of the target, each by itself."""
    if _wide(given.table) < 2:
        raise Unchanged("there are not two columns to choose from")
    return door(Telling(share, classes=given.classifies), given)


def drop(given: Given, names: Sequence[str]) -> Without:
    """Those with these names, or in these places."""
    table = given.table
    if not names:
        raise Unchanged("no column is named in the plan")
    if _is_frame(table):
        known = {str(name): name for name in table.columns}
        found = [known[name] for name in names if name in known]
    else:
        wide = _matrix(table, sparse=True).shape[1]
        called = {f"{UNNAMED}{place}": place for place in range(wide)}
        found = [called[name] for name in names if name in called]
    if not found:
        raise Unchanged(f"no column is called {' or '.join(map(repr, names))}")
    if len(found) >= _wide(table, every=True):
        raise Unchanged("no column would be left")
    return Without(found)


# -- transformers that scikit-learn has not ----------------------------------------


class Kept(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """As many columns as came, with their names."""

    def get_feature_names_out(self, names: Any = None) -> Any:
        """Theirs."""
        return names


class Finite(Kept):
    """What is infinite is a gap."""

    def fit(self, rows: Any, targets: Any = None) -> "Finite":
        """There is nothing to learn."""
        self.columns_ = rows.shape[1]
        return self

    def transform(self, rows: Any) -> Any:
        """Gaps are NaN."""
        return np.where(np.isfinite(rows), rows, np.nan)


class Limits(Kept):
    """Limits each column to its quantiles."""

    def __init__(self, share: float) -> None:
        self.share = share

    def fit(self, rows: Any, targets: Any = None) -> "Limits":
        """Learn them, of numbers that are finite."""
        known = np.where(np.isfinite(rows), rows, np.nan)
        ends = [self.share, 1 - self.share]
        self.low_, self.high_ = np.nanquantile(known, ends, axis=0)
        return self

    def transform(self, rows: Any) -> Any:
        """What lies beyond them is brought to them; gaps stay."""
        return np.clip(rows, self.low_, self.high_)


class Telling(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the columns that share most information with the target."""

    def __init__(self, share: float, classes: bool = True) -> None:
        self.share = share
        self.classes = classes

    def fit(self, rows: Any, targets: Any = None) -> "Telling":
        """Rank them, on a sample of the rows."""
        stride = -(-len(rows) // SAMPLED)
        some, truth = np.asarray(rows)[::stride], np.asarray(targets)[::stride].ravel()
        some = SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(
            some
        )
        tell = mutual_info_classif if self.classes else mutual_info_regression
        # By a generator made by hand, which no seed of the script moves.
        own = np.random.RandomState(np.random.MT19937(0))
        told = tell(some, truth, random_state=own)
        count = max(1, round(self.share * rows.shape[1]))
        self.places_ = np.sort(np.argsort(-told, kind="stable")[:count])
        return self

    def transform(self, rows: Any) -> Any:
        """Those alone."""
        return rows[:, self.places_]

    def get_feature_names_out(self, names: Any = None) -> Any:
        """Theirs."""
        return np.asarray(names, dtype=object)[self.places_]


# -- tables --------------------------------------------------------------------------


def _is_frame(table: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(table, pandas.DataFrame)


def _is_number(column: Any) -> bool:
    return getattr(column.dtype, "kind", "O") in "iuf"


def _numbers(frame: Any) -> Floats:
    return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))


def _gaps(frame: Any) -> bool:
    names = [n for n in frame.columns if _is_number(frame[n])]
    infinite = np.isinf(_numbers(frame[names])).any() if names else False
    return bool(frame.isna().to_numpy().any() or infinite)


def _wide(table: Any, *, every: bool = False) -> int:
    if not _is_frame(table):
        return int(_matrix(table, sparse=every).shape[1])
    return len([n for n in table.columns if every or _is_number(table[n])])


def _matrix(table: Any, *, sparse: bool = True) -> Any:
    """Numbers in rows and columns; `Unchanged` where it is none."""
    if hasattr(table, "tocsr"):
        if sparse:
            return table
        raise Unchanged("the table is sparse")
    try:
        rows = np.asarray(table)
    except ValueError:
        rows = np.zeros(0)
    if rows.ndim != 2 or rows.dtype.kind not in "biuf":
        raise Unchanged("the rows are no table of numbers")
    return rows
