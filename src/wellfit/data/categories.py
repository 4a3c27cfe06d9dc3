"""Categories as features: a column for each frequent level, or what the target is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.recipe import Categories
from wellfit.data.columns import Series, texts
from wellfit.data.features import Features, Matrix, View
from wellfit.data.target import Target

MOST_LEVELS = 1000  # of a category, as codes
FOLDS = 5  # training rows are told by the other four fifths of them
SMOOTHING = 10.0  # rows of the whole that each level's own are mixed with
MOST_TOLD = 10  # classes, of which the most frequent are told


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A category's known levels, the most frequent first; `common` have a column."""

    name: str
    levels: tuple[str, ...]
    common: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoded:
    """A category of many levels, each told by what the target was on its rows.

    `means` has for each level how far that was from the whole, in deviations: a number,
    or one for each class. A level with few rows is drawn towards the whole, which is 0:
    Micci-Barreca (2001), A preprocessing scheme for high-cardinality categorical
    attributes.
    """

    name: str
    levels: tuple[str, ...]
    means: tuple[tuple[float, ...], ...]


def told_of(target: Target, rows: NDArray[np.int64]) -> Matrix:
    """What these rows, which are training rows, tell: columns of mean 0, deviation 1.

    A number is one column, two classes are one, and each of more is one.
    """
    y = target.y[rows]
    if not target.classes:
        columns = np.asarray(y, dtype=np.float64)[:, None]
    else:
        counts = np.bincount(y, minlength=len(target.classes))
        often = np.argsort(-counts, kind="stable")[:MOST_TOLD]
        wanted = np.array([1]) if len(target.classes) == 2 else np.sort(often)
        columns = (y[:, None] == wanted).astype(np.float64)
    largest = np.abs(columns).max(axis=0, initial=0.0)
    columns = columns / np.where(largest > 0, largest, 1.0)  # squares stay finite
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread, spread, 1.0))


def learn_category(
    column: Series, how: Categories, told: Matrix | None
) -> Category | Encoded:
    """What a column of training rows tells; `told` is of the same rows."""
    text = texts(column)
    counts = text.value_counts()  # frequent first; ties by name, to be the same always
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    common = [level for level, count in ordered if count >= how.rare]
    levels = tuple(str(level) for level, _ in ordered[:MOST_LEVELS])
    if told is not None and how.beyond == "target" and len(common) > how.most:
        places = places_of(levels, column)
        return Encoded(
            name=str(column.name),
            levels=levels,
            means=tuple(map(tuple, _means(places, told, len(levels)).tolist())),
        )
    few = len(levels) if len(levels) <= 2 else len(common)
    return Category(name=str(column.name), levels=levels, common=min(few, how.most))


def _means(places: NDArray[np.int64], told: Matrix, levels: int) -> Matrix:
    """What each level tells, mixed with the whole, of which the mean is 0."""
    known = places >= 0
    counts = np.bincount(places[known], minlength=levels)
    sums = np.zeros((levels, told.shape[1]))
    np.add.at(sums, places[known], told[known])
    return sums / (counts[:, None] + SMOOTHING)


def category_features(rule: Category | Encoded, column: Series, view: View) -> Features:
    """Codes for trees; else a column a level, or what the levels tell."""
    if view == "coded":
        return _codes(rule, column)
    if isinstance(rule, Category):
        return _one_hot(rule, column)
    means = np.array([*rule.means, np.zeros(len(rule.means[0]))])
    return _as_told(rule, column, means[places_of(rule.levels, column)])


def out_of_fold(rule: Encoded, column: Series, told: Matrix, *, seed: int) -> Features:
    """What levels tell of the very rows that they were learnt from.

    Of each row by rows of other folds alone: its own target would give itself away.
    """
    places, rows = places_of(rule.levels, column), len(column)
    fold = np.random.default_rng(seed).permutation(np.arange(rows) % FOLDS)
    x = np.zeros_like(told)
    for k in range(FOLDS):
        inside, others = fold == k, fold != k
        if not others.any():
            continue
        center = told[others].mean(axis=0)
        means = _means(places[others], told[others] - center, len(rule.levels))
        x[inside] = np.vstack([means, np.zeros(means.shape[1])])[places[inside]]
    return _as_told(rule, column, x)


def _as_told(rule: Encoded, column: Series, x: Matrix) -> Features:
    width = x.shape[1]
    names = [f"{rule.name} tells {k}" if width > 1 else rule.name for k in range(width)]
    gaps = column.isna().to_numpy()[:, None]
    return Features(
        x=np.hstack([x, gaps]).astype(np.float32),
        names=(*names, f"{rule.name} is missing"),
    )


def places_of(levels: Sequence[str], column: Series) -> NDArray[np.int64]:
    """The place of each value among the levels; -1 for an unseen or missing one."""
    place = {level: i for i, level in enumerate(levels)}
    return np.asarray(texts(column).map(place).fillna(-1), dtype=np.int64)


def _codes(rule: Category | Encoded, column: Series) -> Features:
    place = places_of(rule.levels, column).astype(np.float64)
    x = np.where(place < 0, np.nan, place)[:, None]
    return Features(x=x, names=(rule.name,), categorical=(0,))


def _one_hot(rule: Category, column: Series) -> Features:
    place = places_of(rule.levels, column)
    gaps = column.isna().to_numpy()
    rare = (place < 0) | (place >= rule.common)
    slot = np.where(gaps, rule.common + 1, np.where(rare, rule.common, place))
    x = np.eye(rule.common + 2, dtype=np.float32)[slot]
    common = tuple(f"{rule.name}={level}" for level in rule.levels[: rule.common])
    return Features(
        x=x, names=(*common, f"{rule.name} is rare", f"{rule.name} is missing")
    )


def category_from(data: Any) -> Category | Encoded:
    """Read back what JSON has of one."""
    levels = tuple(data["levels"])
    if "means" in data:
        means = tuple(tuple(row) for row in data["means"])
        return Encoded(name=data["name"], levels=levels, means=means)
    return replace(Category(**data), levels=levels)
