"""The target: the task it makes, its classes or numbers, the rows that have it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadSetting, BadTable
from wellfit.data.columns import Kind, Series, finite, kind_of, texts

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = ("classification", "regression")
FEW_NUMBERS = 10  # different whole numbers at most: classes; more of them: quantities
FEWEST_ROWS = 20
MOST_CLASSES = 1000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Target:
    """What is to be predicted.

    `rows` are the places in the table that have a target; `y` has one value for each
    of them: a class's place in `classes` (int64), or the number itself (float64).
    """

    name: str
    task: Task
    classes: tuple[str | int | float | bool, ...]
    rows: NDArray[np.int64]
    y: NDArray[Any]

    @property
    def counts(self) -> dict[str, int]:
        """Class → rows; empty for numbers."""
        if not self.classes:
            return {}
        found = np.bincount(self.y, minlength=len(self.classes)).tolist()
        return {str(c): n for c, n in zip(self.classes, found, strict=True)}


def read_target(column: Series, task: Task | None = None) -> Target:
    """The target in a column; its task is told from its values where none is given.

    Text, booleans, and up to ten different whole numbers are classes; all else are
    numbers. `BadTable` where nothing can be learnt from it.
    """
    if task is not None and task not in TASKS:
        raise BadSetting(f"task must be one of {', '.join(TASKS)}; got {task!r}")
    _check_varies(column)
    chosen = task or _task(column)
    read = _classes if chosen == "classification" else _numbers
    found = read(column)
    return _checked(found, len(column))


def _check_varies(column: Series) -> None:
    there = column.notna().to_numpy()  # of many rows no copy is made
    if not there.any():
        raise BadTable(f"target {column.name!r} is missing in all {len(column)} rows")
    if column.nunique() == 1:
        value = column.iloc[there.argmax()]
        raise BadTable(
            f"target {column.name!r} is {value!s} in every row that has it; there is "
            "nothing to predict"
        )


def _task(column: Series) -> Task:
    kind = kind_of(column)
    if kind not in {Kind.NUMBER, Kind.IDENTIFIER}:
        return "classification"
    if kind is Kind.IDENTIFIER and not pd.api.types.is_numeric_dtype(column.dtype):
        return "classification"
    distinct = np.unique(finite(column))
    distinct = distinct[~np.isnan(distinct)]
    whole = bool(np.all(distinct == np.round(distinct)))
    few = whole and len(distinct) <= FEW_NUMBERS
    return "classification" if few else "regression"


def _classes(column: Series) -> Target:
    codes, labels = pd.factorize(texts(column))
    codes = codes.astype(np.int32)
    rows = np.flatnonzero(codes >= 0)
    _check_count(str(column.name), len(labels), len(rows))
    codes = codes[rows]  # of many rows there are no more copies than it takes
    first = pd.Series(codes).drop_duplicates().index
    values = [_label(column.iloc[rows[i]]) for i in first]
    order = sorted(range(len(labels)), key=lambda i: (str(type(values[i])), values[i]))
    y = np.argsort(order)[codes]
    return Target(
        name=str(column.name),
        task="classification",
        classes=tuple(values[i] for i in order),
        rows=rows,
        y=y.astype(np.int64, copy=False),
    )


def _label(value: Any) -> str | int | float | bool:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.number):
        number = float(value)
        return int(number) if number.is_integer() else number
    return str(value)


def _numbers(column: Series) -> Target:
    values = finite(column)
    rows = np.flatnonzero(~np.isnan(values))
    if not len(rows):
        raise BadTable(
            f"target {column.name!r} has no numbers; a regression needs them "
            "(--task classification takes it as classes)"
        )
    return Target(
        name=str(column.name),
        task="regression",
        classes=(),
        rows=rows,
        y=values[rows],
    )


def _checked(target: Target, total: int) -> Target:
    count = len(target.rows)
    if count < FEWEST_ROWS:
        raise BadTable(
            f"{count} rows have a target; at least {FEWEST_ROWS} are needed to train, "
            "validate and test"
        )
    if target.task == "regression" and np.ptp(target.y) == 0:
        raise BadTable(f"target {target.name!r} is the same number in every row")
    return target


def _check_count(name: str, classes: int, rows: int) -> None:
    """`BadTable` where there are too many classes to tell apart."""
    if rows >= FEWEST_ROWS and (classes > MOST_CLASSES or classes > rows / 2):
        raise BadTable(
            f"target {name!r} has {classes:,} different values in {rows:,} "
            "rows: too many for classes, and they are not numbers"
        )
