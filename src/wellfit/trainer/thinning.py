"""Less of a table that is too large for the time, before anything is settled."""

import time
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.data.profile import kinds_of
from wellfit.data.table import Table
from wellfit.trainer.clock import Deadline

TRIED = 20_000  # rows whose columns are told apart first, which tells what all take
NARROW, FEW = 200, 1000  # columns of a wide table, and rows, that are tried first
SHARE = 0.25  # of the time that is left may go before the first fit
AFTER = 5  # times as long as telling columns apart takes all that is settled


def thinned(
    table: Table, until: Deadline | None, seed: int, *, named: Collection[str] = ()
) -> Table:
    """The table, or as much of it as there is time to settle all for.

    Of very many columns some are used, those that are *named* among them; of many rows,
    some. They are drawn by the seed, and stay in their order.
    """
    if until is None:
        return table
    return _fewer_rows(_narrower(table, until, seed, named), until, seed)


def _narrower(
    table: Table, until: Deadline, seed: int, named: Collection[str]
) -> Table:
    there = table.frame.shape[1]
    if there <= NARROW:
        return table
    order = np.random.default_rng([seed, 2]).permutation(there)
    each = _telling(table.frame.iloc[:FEW, order[:NARROW]]) / NARROW
    columns = max(NARROW, _possible(each, until))
    if columns >= there:
        return table
    drawn = set(order[:columns].tolist())
    kept = [i for i, n in enumerate(table.frame) if i in drawn or n in named]
    text = f"{len(kept):,} of the {there:,} columns are used"
    return _less(table, table.frame.iloc[:, kept], text)


def _fewer_rows(table: Table, until: Deadline, seed: int) -> Table:
    count = len(table.frame)
    if count <= TRIED:
        return table
    order = np.random.default_rng(seed).permutation(count)
    each = _telling(table.frame.iloc[np.sort(order[:TRIED])]) / TRIED
    rows = max(TRIED, _possible(each, until))
    if rows >= count:
        return table
    frame = table.frame.iloc[np.sort(order[:rows])].reset_index(drop=True)
    return _less(table, frame, f"{rows:,} of the {count:,} rows are used")


def _telling(frame: pd.DataFrame) -> float:
    """The seconds that it takes to tell the kinds of its columns."""
    begun = time.monotonic()
    kinds_of(frame)
    return time.monotonic() - begun


def _possible(each: float, until: Deadline) -> int:
    """How many can be settled, where to tell the kinds takes so long for each."""
    return int(SHARE * until.left / (AFTER * each))


def _less(table: Table, frame: pd.DataFrame, text: str) -> Table:
    note = f"{text}, drawn by the seed: there is no time for all of them"
    return replace(table, frame=frame, notes=(*table.notes, note))
