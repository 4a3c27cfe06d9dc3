"""Test rows that came as a table of their own, put below those to train on."""

from dataclasses import replace

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadTable, nearest
from wellfit.data.inspection import alike
from wellfit.data.split import Split
from wellfit.data.table import Table
from wellfit.data.target import Target, read_target


def below(frame: pd.DataFrame, test: Table) -> pd.DataFrame:
    """Both tables as one, with the columns of the first, in its order and types.

    `BadTable` where the test table lacks one.
    """
    missing = [name for name in frame if name not in test.frame]
    if missing:
        raise BadTable(
            f"the test table {test.name} lacks the column {missing[0]!r}"
            f"{nearest(str(missing[0]), map(str, test.frame.columns))}"
        )
    rows = {name: alike(frame[name], test.frame[name]) for name in frame}
    return pd.concat([frame, pd.DataFrame(rows)], ignore_index=True)


def target_of(both: pd.DataFrame, own: Target, rows: int) -> Target:
    """The target of both tables; `own` is that of the first, which has so many rows.

    `BadTable` where the test rows have a class that it has not, or no target at all.
    """
    found = read_target(both[own.name], own.task)
    strange = [label for label in found.classes if label not in own.classes]
    if strange:
        raise BadTable(
            f"target {own.name!r} of the test table has the class {strange[0]!r}, "
            "which no row to train on has"
        )
    if not np.any(found.rows >= rows):
        raise BadTable(f"target {own.name!r} is missing in all rows of the test table")
    return found


def split_of(split: Split, own: int, count: int) -> Split:
    """The split of the first table's rows, and all of the others as test rows."""
    return replace(
        split,
        test=np.arange(own, count),
        how=f"{split.how}, test rows as given",
    )


def own_target(target: Target, own: int) -> Target:
    """The target of the first so many rows that have one."""
    return replace(target, rows=target.rows[:own], y=target.y[:own])
