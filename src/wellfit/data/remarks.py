"""What of a table is not as it was when a model was trained: said when it predicts."""

from collections.abc import Iterator

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.data.categories import Category, Encoded, places_of
from wellfit.data.columns import dates, numbers
from wellfit.data.numbers import Number
from wellfit.data.prepare import Date, Preparation

NEW = 0.5  # of the values of a category, from which on that is told


def remarks(preparation: Preparation, frame: pd.DataFrame) -> Iterator[str]:
    """A sentence for each column that holds what its model makes nothing of."""
    for rule in preparation.columns:
        match rule:
            case Number() | Date():
                yield from _unreadable(rule, frame)
            case Category() | Encoded():
                yield from _unseen(rule, frame)


def _unreadable(rule: Number | Date, frame: pd.DataFrame) -> Iterator[str]:
    column = frame[rule.name]
    if isinstance(rule, Number):
        what, read = "numbers", ~np.isnan(numbers(column))
    else:
        what, read = "dates", dates(column, rule.form).notna().to_numpy()
    odd = column[column.notna().to_numpy() & ~read]
    if len(odd):
        yield (
            f"{rule.name!r} held {what} when the model was trained: {len(odd):,} of "
            f"{len(column):,} values are none ({odd.iloc[0]!r}), and count as missing"
        )


def _unseen(rule: Category | Encoded, frame: pd.DataFrame) -> Iterator[str]:
    column = frame[rule.name]
    new = column[column.notna().to_numpy() & (places_of(rule.levels, column) < 0)]
    if len(new) and len(new) >= NEW * len(column):
        yield (
            f"{len(new):,} of {len(column):,} values of {rule.name!r} were not there "
            f"when the model was trained ({new.iloc[0]!r}), and count as rare ones"
        )
