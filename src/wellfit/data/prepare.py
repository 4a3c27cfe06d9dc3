"""From a table to the matrix that a model takes, learnt from training rows only.

Three forms of the same preparation. *coded*, for trees: numbers as they are with NaN
for what is missing, categories as codes. *dense*, for linear models and networks:
numbers filled and scaled, beside an indicator of what was missing, categories one-hot
with the rare ones together, or by what they tell of the target. *pictures*, for
networks of images: those alone, as bytes. All of it is plain JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadTable, nearest
from wellfit.core.recipe import Preparing
from wellfit.data.categories import (
    Category,
    Encoded,
    category_features,
    category_from,
    learn_category,
    out_of_fold,
)
from wellfit.data.columns import (
    LEFT_OUT,
    Kind,
    Series,
    dates,
    finite,
    form_of,
    seconds,
)
from wellfit.data.crosses import Pair, Product, joined, learn_crosses, product_of
from wellfit.data.decode import Decoded, Picture, picture_features
from wellfit.data.features import Features, Matrix, View
from wellfit.data.imputation import Imputer, learn_imputer
from wellfit.data.numbers import (
    BOUND,
    FARTHEST,
    Number,
    learn_number,
    number_features,
    scaled,
)

ONCE = ("days", "year")  # the parts of a date that do not come again
USUAL = Preparing()


@dataclass(frozen=True, kw_only=True, slots=True)
class Date:
    """A date's format and parts; each part is filled and scaled as a number."""

    name: str
    form: str | None
    parts: tuple[Number, ...]


Column = Number | Date | Category | Encoded | Product | Pair | Picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What `prepare` learnt: a rule a column, and why the others are left out.

    `imputer` fills the gaps of numbers where that is by the other numbers.
    """

    columns: tuple[Column, ...]
    left_out: Mapping[str, str]
    imputer: Imputer | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of a table that are needed, each once."""
        return tuple(dict.fromkeys(n for c in self.columns for n in _sources(c)))

    @property
    def pictured(self) -> bool:
        """Whether one of the columns is of images."""
        return any(isinstance(rule, Picture) for rule in self.columns)

    def apply(
        self, frame: pd.DataFrame, view: View, decoded: Decoded | None = None
    ) -> Features:
        """The features of these rows; columns it does not know are ignored.

        `BadTable` where one is missing. An unseen category is a missing value to
        trees, and one of the rare ones to all others. Images that are `decoded`
        already are not read again.
        """
        self._check(frame.columns)
        if view == "pictures":
            rule = next(c for c in self.columns if isinstance(c, Picture))
            return picture_features(rule, frame[rule.name], view, decoded)
        blocks = [_block(rule, frame, view) for rule in self.columns]
        return _side_by_side(self._filled(blocks, frame, view))

    def apply_training(
        self, frame: pd.DataFrame, view: View, told: Matrix, *, seed: int
    ) -> Features:
        """The features of the very rows that it was learnt from.

        What a category tells of the target is of each row told by the others. `told`
        is what `prepare` was given.
        """
        self._check(frame.columns)
        blocks = []
        for rule in self.columns:
            encoded = _encoded(rule, frame) if view == "dense" else None
            blocks.append(
                _block(rule, frame, view)
                if encoded is None
                else out_of_fold(*encoded, told, seed=seed)
            )
        return _side_by_side(self._filled(blocks, frame, view))

    def _filled(
        self, blocks: list[Features], frame: pd.DataFrame, view: View
    ) -> list[Features]:
        """The blocks, with the gaps of numbers filled by the other numbers."""
        if self.imputer is None or view != "dense":
            return blocks
        numbers = _numbers_of(self.columns)
        x = self.imputer.fill(_gapped(numbers.values(), frame))
        made = list(blocks)
        for (place, rule), column in zip(numbers.items(), x.T, strict=True):
            most = BOUND if rule.bounded else FARTHEST
            filled = blocks[place].x.copy()
            filled[:, 0] = np.clip(column, -most, most)
            made[place] = replace(blocks[place], x=filled)
        return made

    def _check(self, given: Iterable[Any]) -> None:
        there = dict.fromkeys(str(name) for name in given)
        missing = [name for name in self.sources if name not in there]
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
            "imputer": self.imputer and self.imputer.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Preparation":
        """Read back what `to_json` gave."""
        imputer = data.get("imputer")
        return cls(
            columns=tuple(_column(c) for c in data["columns"]),
            left_out=dict(data["left_out"]),
            imputer=imputer and Imputer.from_json(imputer),
        )


def prepare(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    *,
    clock: str | None = None,
    how: Preparing = USUAL,
    told: Matrix | None = None,
) -> Preparation:
    """Learn how to prepare these columns from these rows, which are the training rows.

    Free text, identifiers and constants are left out, each with its reason. `clock`
    is the column that training and test rows are told apart by: its values do not come
    again, and so only the parts of a date that do are used of it. `told` is what the
    rows tell of the target, by `told_of`: without it no category is told by that.
    """
    left_out = {n: LEFT_OUT[k] for n, k in kinds.items() if k in LEFT_OUT}
    if how.images is None:
        why = "images, which model.name cnn looks at"
        left_out |= dict.fromkeys(_images(kinds), why)
    if clock is not None and kinds[clock] is Kind.NUMBER:
        left_out[clock] = "its times do not come again"
    used = {n: k for n, k in kinds.items() if n not in left_out}
    if not used:
        what = ", ".join(f"{n!r} ({why})" for n, why in list(left_out.items())[:4])
        raise BadTable(
            f"there is no column to learn from; left out: {what}. "
            "--kind COL=category (or number, date) takes one in"
        )
    columns: list[Column] = []
    for name, kind in used.items():
        if kind is Kind.CATEGORY:
            columns.append(learn_category(frame[name], how.categories, told))
        elif kind is Kind.IMAGE and how.images is not None:
            columns.append(Picture(name=name, **asdict(how.images)))
        else:
            columns.append(_measured(frame[name], kind, how, passes=name == clock))
    columns += learn_crosses(frame, used, how, told)
    imputer = None
    if how.imputation == "iterative":
        numbers = tuple(_numbers_of(columns).values())
        imputer = learn_imputer(_gapped(numbers, frame), tuple(n.name for n in numbers))
    return Preparation(columns=tuple(columns), left_out=left_out, imputer=imputer)


def _images(kinds: Mapping[str, Kind]) -> list[str]:
    return [n for n, k in kinds.items() if k is Kind.IMAGE]


def _measured(
    column: Series, kind: Kind, how: Preparing, *, passes: bool
) -> Number | Date:
    """A number, or a date, which is some."""
    learn = partial(learn_number, scaling=how.scaling, imputation=how.imputation)
    name = str(column.name)
    if kind is not Kind.DATE:
        return learn(finite(column), name)
    form = form_of(column)
    parts = _parts(dates(column, form))
    kept = {n: x for n, x in parts.items() if not (passes and n in ONCE)}
    return Date(name=name, form=form, parts=tuple(learn(x, n) for n, x in kept.items()))


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


def _numbers_of(columns: Iterable[Column]) -> dict[int, Number]:
    """Place → number, of the columns that are plain numbers."""
    return {i: c for i, c in enumerate(columns) if isinstance(c, Number)}


def _gapped(numbers: Iterable[Number], frame: pd.DataFrame) -> NDArray[np.float64]:
    """The numbers as they are scaled, with NaN for their gaps."""
    columns = [scaled(rule, finite(frame[rule.name])) for rule in numbers]
    if not columns:
        return np.zeros((len(frame), 0))
    return np.column_stack(columns).astype(np.float64)


def _encoded(rule: Column, frame: pd.DataFrame) -> tuple[Encoded, Series] | None:
    """The rule and its column, where that is a category told by the target."""
    if isinstance(rule, Pair):
        known = isinstance(rule.category, Encoded)
        return (rule.category, joined(rule, frame)) if known else None  # type: ignore[return-value]
    return (rule, frame[rule.name]) if isinstance(rule, Encoded) else None


def _block(rule: Column, frame: pd.DataFrame, view: View) -> Features:
    match rule:
        case Number():
            values = [finite(frame[rule.name])]
            return number_features([rule], values, [rule.name], view)
        case Product():
            values = [product_of(rule.of, frame)]
            return number_features([rule.number], values, [rule.number.name], view)
        case Date():
            parts = _parts(dates(frame[rule.name], rule.form))
            names = [f"{rule.name}.{part.name}" for part in rule.parts]
            of = [parts[part.name] for part in rule.parts]
            return number_features(rule.parts, of, names, view)
        case Pair():
            return category_features(rule.category, joined(rule, frame), view)
        case Picture():
            return picture_features(rule, frame[rule.name], view)
        case _:
            return category_features(rule, frame[rule.name], view)


def _side_by_side(blocks: list[Features]) -> Features:
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


def _sources(rule: Column) -> tuple[str, ...]:
    """The columns of the table that a rule reads."""
    match rule:
        case Product():
            return tuple(number.name for number in rule.of)
        case Pair():
            return rule.of
        case _:
            return (rule.name,)


def _kind(rule: Column) -> str:
    return type(rule).__name__.lower()


def _column(data: Mapping[str, Any]) -> Column:
    said = {k: v for k, v in data.items() if k != "as"}
    match data["as"]:
        case "number":
            return Number(**said)
        case "date":
            return Date(**{**said, "parts": tuple(Number(**p) for p in said["parts"])})
        case "product":
            of = tuple(Number(**n) for n in said["of"])
            return Product(of=of, number=Number(**said["number"]))
        case "picture":
            return Picture(**said)
        case "pair":
            category = category_from(said["category"])
            return Pair(of=tuple(said["of"]), category=category)
        case _:
            return category_from(said)
