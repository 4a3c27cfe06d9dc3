"""Fewer rows of a table that is too large for the time, before anything is settled."""

import time
from dataclasses import replace

import numpy as np

from wellfit.data.profile import kinds_of
from wellfit.data.table import Table
from wellfit.trainer.clock import Deadline

TRIED = 20_000  # rows whose columns are told apart first, which tells what all take
SHARE = 0.25  # of the time that is left may go before the first fit
AFTER = 5  # times as long as telling columns apart takes all that is settled


def thinned(table: Table, until: Deadline | None, seed: int) -> Table:
    """The table, or as many of its rows as there is time to settle all for.

    They are drawn by the seed, and stay in their order.
    """
    count = len(table.frame)
    if until is None or count <= TRIED:
        return table
    order = np.random.default_rng(seed).permutation(count)
    some = table.frame.iloc[np.sort(order[:TRIED])]
    begun = time.monotonic()
    kinds_of(some)
    each = (time.monotonic() - begun) / TRIED
    rows = max(TRIED, int(SHARE * until.left / (AFTER * each)))
    if rows >= count:
        return table
    frame = table.frame.iloc[np.sort(order[:rows])].reset_index(drop=True)
    note = (
        f"{rows:,} of the {count:,} rows are used, drawn by the seed: there is no "
        "time for all of them"
    )
    return replace(table, frame=frame, notes=(*table.notes, note))
