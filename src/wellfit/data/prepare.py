"""From a table to the matrix that a model takes, learnt from training rows only.

Two forms of the same preparation. *coded*, for trees: numbers as they are with NaN
for what is missing, categories as codes. *dense*, for linear models and networks:
numbers filled with the median, scaled and bounded, beside an indicator of what was
missing, categories one-hot with the rare ones together. All of it is plain JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadTable, nearest
from wellfit.data.columns import (
    LEFT_OUT,
    Kind,
    Series,
    dates,
    finite,
    form_of,
    seconds,
    texts,
)

View = Literal["dense", "coded"]
Matrix = NDArray[np.floating[Any]]

MOST_LEVELS = 1000  # of a category, as codes
MOST_INDICATORS = 30  # of a category, as one-hot columns
LARGEST = 1e150  # numbers beyond it, of either sign, are taken for it
ONCE = ("days", "year")  # the parts of a date that do not come again
RARE = 10  # rows: a level with fewer shares a one-hot column with its like


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """How a number is filled and scaled: from the median, by the middle half."""

    name: str
    median: float
    scale: float
    gaps: bool  # whether training rows miss it


@dataclass(frozen=True, kw_only=True, slots=True)
class Date:
    """A date's format and parts; each part is filled and scaled as a number."""

    name: str
    form: str | None
    parts: tuple[Number, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A category's known levels, the most frequent first; `common` have a column."""

    name: str
    levels: tuple[str, ...]
    common: int


Column = Number | Date | Category


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """A matrix of rows by features; `categorical` are the places of codes."""

    x: Matrix
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What `prepare` learnt: a rule a column, and why the others are left out."""

    columns: tuple[Column, ...]
    left_out: Mapping[str, str]

    def apply(self, frame: pd.DataFrame, view: View) -> Features:
        """The features of these rows; columns it does not know are ignored.

        `BadTable` where one is missing. An unseen category is a missing value to
        trees, and one of the rare ones to all others.
        """
        self._check(frame.columns)
        blocks = [_block(rule, frame[rule.name], view) for rule in self.columns]
        widths = np.cumsum([0] + [b.x.shape[1] for b in blocks])
        return Features(
            x=np.hstack([b.x for b in blocks]),
            names=tuple(n for b in blocks for n in b.names),
            categorical=tuple(
                int(start) + i
                for b, start in zip(blocks, widths, strict=False)
                for i in b.categorical
            ),
        )

    def _check(self, given: Iterable[Any]) -> None:
        there = dict.fromkeys(str(name) for name in given)
        missing = [c.name for c in self.columns if c.name not in there]
        if missing:
            others = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise BadTable(
                f"the table lacks the column {missing[0]!r}{others} that the model "
                f"was trained with{nearest(missing[0], there)}"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return {
            "columns": [{"as": _kind(c), **asdict(c)} for c in self.columns],
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Preparation":
        """Read back what `to_json` gave."""
        return cls(
            columns=tuple(_column(c) for c in data["columns"]),
            left_out=dict(data["left_out"]),
        )


def prepare(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], *, clock: str | None = None
) -> Preparation:
    """Learn how to prepare these columns from these rows, which are the training rows.

    Free text, identifiers and constants are left out, each with its reason. `clock`
    is the column that training and test rows are told apart by: its values do not come
    again, and so only the parts of a date that do are used of it.
    """
    left_out = {n: LEFT_OUT[k] for n, k in kinds.items() if k in LEFT_OUT}
    if clock is not None and kinds[clock] is Kind.NUMBER:
        left_out[clock] = "its times do not come again"
    used = {n: k for n, k in kinds.items() if n not in left_out}
    if not used:
        what = ", ".join(f"{n!r} ({why})" for n, why in list(left_out.items())[:4])
        raise BadTable(
            f"there is no column to learn from; left out: {what}. "
            "--kind COL=category (or number, date) takes one in"
        )
    return Preparation(
        columns=tuple(_learnt(frame[n], k, passes=n == clock) for n, k in used.items()),
        left_out=left_out,
    )


def _learnt(column: Series, kind: Kind, *, passes: bool) -> Column:
    name = str(column.name)
    if kind is Kind.CATEGORY:
        return _category(texts(column), name)
    if kind is Kind.DATE:
        form = form_of(column)
        parts = _parts(dates(column, form))
        return Date(
            name=name,
            form=form,
            parts=tuple(
                _number(x, part)
                for part, x in parts.items()
                if not (passes and part in ONCE)
            ),
        )
    return _number(finite(column), name)


def _number(values: NDArray[np.float64], name: str) -> Number:
    known = np.clip(values[~np.isnan(values)], -LARGEST, LARGEST)
    if not len(known):
        return Number(name=name, median=0.0, scale=1.0, gaps=True)
    low, median, high = (float(q) for q in np.quantile(known, [0.25, 0.5, 0.75]))
    scale = (high - low) / 1.349  # of a normal distribution: its standard deviation
    if not scale > 0:
        scale = float(np.std(known / _size(known))) * _size(known)
    gaps = len(known) < len(values)
    return Number(name=name, median=median, scale=scale or 1.0, gaps=gaps)


def _size(values: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(values))) or 1.0


def _category(text: Series, name: str) -> Category:
    counts = text.value_counts()  # frequent first; ties by name, to be the same always
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    common = [level for level, count in ordered if count >= RARE]
    levels = tuple(str(level) for level, _ in ordered[:MOST_LEVELS])
    few = len(levels) if len(levels) <= 2 else len(common)
    return Category(name=name, levels=levels, common=min(few, MOST_INDICATORS))


def _parts(when: Series) -> dict[str, NDArray[np.float64]]:
    """A date as numbers; the time of day only where there is one."""
    moment = seconds(when)
    return {
        "days": moment / 86400,
        "year": when.dt.year.to_numpy(dtype=np.float64),
        "month": when.dt.month.to_numpy(dtype=np.float64),
        "day": when.dt.day.to_numpy(dtype=np.float64),
        "weekday": when.dt.day_of_week.to_numpy(dtype=np.float64),
        "hour": np.where(np.isnan(moment), np.nan, moment % 86400 / 3600),
    }


def _block(rule: Column, column: Series, view: View) -> Features:
    if isinstance(rule, Number):
        return _numbers([rule], [finite(column)], [rule.name], view)
    if isinstance(rule, Date):
        parts = _parts(dates(column, rule.form))
        names = [f"{rule.name}.{part.name}" for part in rule.parts]
        return _numbers(rule.parts, [parts[p.name] for p in rule.parts], names, view)
    return _codes(rule, column) if view == "coded" else _one_hot(rule, column)


def _numbers(
    rules: Iterable[Number],
    values: Iterable[NDArray[np.float64]],
    names: Iterable[str],
    view: View,
) -> Features:
    if view == "coded":
        return Features(x=np.column_stack(list(values)), names=tuple(names))
    columns: list[NDArray[np.float32]] = []
    called: list[str] = []
    for rule, x, name in zip(rules, values, names, strict=True):
        columns.append(_scaled(rule, x))
        called.append(name)
        if rule.gaps:
            columns.append(np.isnan(x).astype(np.float32))
            called.append(f"{name} is missing")
    return Features(x=np.column_stack(columns), names=tuple(called))


def _scaled(rule: Number, x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Nearly linear in the middle, never beyond ±3: outliers keep their order.

    Holzmüller et al. (2024), Better by default, section 3.1.
    """
    filled = np.where(np.isnan(x), rule.median, np.clip(x, -LARGEST, LARGEST))
    with np.errstate(over="ignore"):  # of a scale of next to nothing
        z = np.clip((filled - rule.median) / rule.scale, -LARGEST, LARGEST)
    return (z / np.hypot(1, z / 3)).astype(np.float32)


def _places(rule: Category, column: Series) -> NDArray[np.int64]:
    """The place of each value among the levels; -1 for an unseen or missing one."""
    place = {level: i for i, level in enumerate(rule.levels)}
    return np.asarray(texts(column).map(place).fillna(-1), dtype=np.int64)


def _codes(rule: Category, column: Series) -> Features:
    place = _places(rule, column).astype(np.float64)
    x = np.where(place < 0, np.nan, place)[:, None]
    return Features(x=x, names=(rule.name,), categorical=(0,))


def _one_hot(rule: Category, column: Series) -> Features:
    place = _places(rule, column)
    gaps = column.isna().to_numpy()
    rare = (place < 0) | (place >= rule.common)
    slot = np.where(gaps, rule.common + 1, np.where(rare, rule.common, place))
    x = np.eye(rule.common + 2, dtype=np.float32)[slot]
    common = tuple(f"{rule.name}={level}" for level in rule.levels[: rule.common])
    return Features(
        x=x, names=(*common, f"{rule.name} is rare", f"{rule.name} is missing")
    )


RULES: Mapping[str, type[Column]] = {
    "number": Number,
    "date": Date,
    "category": Category,
}


def _kind(rule: Column) -> str:
    return type(rule).__name__.lower()


def _column(data: Mapping[str, Any]) -> Column:
    fields = {k: v for k, v in data.items() if k != "as"}
    made = RULES[data["as"]](**fields)
    if isinstance(made, Category):
        return replace(made, levels=tuple(made.levels))
    if isinstance(made, Date):
        return replace(made, parts=tuple(Number(**p) for p in data["parts"]))
    return made
