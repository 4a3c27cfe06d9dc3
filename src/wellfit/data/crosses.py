"""Columns taken together: products and powers of numbers, pairs of categories."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.core.recipe import Preparing
from wellfit.data.categories import Category, Encoded, learn_category
from wellfit.data.columns import Kind, Series, finite, texts
from wellfit.data.features import Matrix
from wellfit.data.numbers import Number, Numbers, learn_number, standing

JOINT = " × "
FARTHEST = 1e25  # scales from the centre: a product of five is within double precision
AS_NUMBERS = frozenset({Kind.NUMBER, Kind.BOOLEAN})
AS_LEVELS = frozenset({Kind.CATEGORY, Kind.BOOLEAN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """How many scales each of some numbers is from its centre, multiplied.

    From the centre, since a power of what lies far from 0 is nearly a straight line.
    The same number twice is its square. `number` fills and scales the product itself.
    """

    of: tuple[Number, ...]
    number: Number


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Categories whose levels are taken together, as one category."""

    of: tuple[str, ...]
    category: Category | Encoded


def learn_crosses(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    how: Preparing,
    told: Matrix | None,
) -> Iterator[Product | Pair]:
    """The crosses and powers that are asked for, learnt from training rows.

    `kinds` are of the columns that are used. `UnknownName` for one that is not there,
    `BadSetting` where numbers and categories are mixed.
    """
    for cross in how.crosses:
        found = {_kind(name, kinds) for name in cross}
        if found <= AS_NUMBERS:
            yield _product(frame, cross, how)
        elif found <= AS_LEVELS:
            column = _joined(frame, cross)
            category = learn_category(column, how.categories, told)
            yield Pair(of=tuple(cross), category=category)
        else:
            what = " and ".join(f"{n!r} ({kinds[n]})" for n in cross)
            raise BadSetting(f"a cross is of numbers, or of categories; got {what}")
    for name, degree in how.polynomials.items():
        if _kind(name, kinds) is not Kind.NUMBER:
            raise BadSetting(f"a polynomial is of a number; {name!r} is {kinds[name]}")
        for power in range(2, degree + 1):
            yield _product(frame, (name,) * power, how)


def _kind(name: str, kinds: Mapping[str, Kind]) -> Kind:
    if name not in kinds:
        raise UnknownName("column to learn from", name, among=kinds)
    return kinds[name]


def _product(frame: pd.DataFrame, names: Sequence[str], how: Preparing) -> Product:
    numbers = {n: learn_number(finite(frame[n]), n, scaling="z-score") for n in names}
    of = tuple(numbers[n] for n in names)
    called = JOINT.join(names) if len(numbers) > 1 else f"{names[0]}^{len(names)}"
    number = learn_number(
        product_of(of, frame), called, scaling=how.scaling, imputation=how.imputation
    )
    return Product(of=of, number=number)


def product_of(of: Sequence[Number], frame: pd.DataFrame) -> Numbers:
    """The product for each row; NaN where one of the numbers is missing."""
    product = np.ones(len(frame))
    for rule in of:
        z = standing(rule, finite(frame[rule.name]))
        product *= np.clip(z, -FARTHEST, FARTHEST)
    return product


def joined(pair: Pair, frame: pd.DataFrame) -> Series:
    """The pair's levels for each row; missing where one of them is."""
    return _joined(frame, pair.of)


def _joined(frame: pd.DataFrame, names: Sequence[str]) -> Series:
    both = texts(frame[names[0]])
    for name in names[1:]:
        both = both + JOINT + texts(frame[name])
    return both.rename(JOINT.join(names))
