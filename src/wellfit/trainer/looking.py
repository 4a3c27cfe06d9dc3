"""The look at a table before it is trained on, in a share of the time that there is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.data.columns import Kind
from wellfit.data.inspection import Subject, counted
from wellfit.data.overlap import overlap
from wellfit.data.profile import profile
from wellfit.data.split import Split
from wellfit.data.target import Target
from wellfit.trainer.clock import Deadline

LOOKED = 20_000  # rows, looked at first: they tell how many more there is time for
SHARE = 0.1  # of the time that is left is for looking
NARROW = 50  # columns that are looked at first, of a table that has more than WIDE
WIDE = 200


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Looked:
    """A table that is looked at: all its rows, and which of them train and validate.

    `target` and `split` are of the rows that have a target.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, Kind]
    target: Target
    split: Split
    group: str | None = None
    time: str | None = None

    def some(self, rows: int, seed: int) -> "Looked":
        """So many of the rows that have a target, drawn by the seed."""
        count = len(self.target.y)
        rng = np.random.default_rng([seed, 1])  # the seed alone drew the test rows
        kept = np.sort(rng.permutation(count)[:rows])
        frame = self.frame.iloc[self.target.rows[kept]].reset_index(drop=True)
        target = replace(self.target, rows=np.arange(len(kept)), y=self.target.y[kept])
        split = replace(
            self.split,
            train=np.flatnonzero(np.isin(kept, self.split.train)),
            validation=np.flatnonzero(np.isin(kept, self.split.validation)),
            test=np.flatnonzero(np.isin(kept, self.split.test)),
        )
        return replace(self, frame=frame, target=target, split=split)

    def narrower(self, columns: int) -> "Looked":
        """The first so many columns, and those that it is about."""
        named = {self.target.name, self.group, self.time}
        names = map(str, self.frame)
        kept = [n for i, n in enumerate(names) if i < columns or n in named]
        return replace(
            self, frame=self.frame[kept], kinds={n: self.kinds[n] for n in kept}
        )


def look(of: Looked, until: Deadline | None, seed: int) -> tuple[dict[str, Any], str]:
    """The fact `data`, and a note where not all could be looked at in time."""
    if until is not None and of.frame.shape[1] > WIDE:
        return _look_at_some_columns(of, until, seed)
    return _look_at_some_rows(of, until, seed)


def _look_at_some_columns(
    of: Looked, until: Deadline, seed: int
) -> tuple[dict[str, Any], str]:
    """As many columns as there is time for, on so many rows that it can be told."""
    some = of.some(LOOKED, seed) if len(of.target.y) > LOOKED else of
    begun = time.monotonic()
    _fact(some.narrower(NARROW))
    each = (time.monotonic() - begun) / NARROW
    possible = max(NARROW, int(SHARE * until.left / each))
    there = of.frame.shape[1]
    found, note = _look_at_some_rows(of.narrower(possible), until, seed)
    if possible >= there:
        return found, note
    columns = f"only {possible:,} of the {there:,} columns were looked at for faults"
    return found, f"{columns}: there is no time for all of them"


def _look_at_some_rows(
    of: Looked, until: Deadline | None, seed: int
) -> tuple[dict[str, Any], str]:
    count = len(of.target.y)
    if until is None or count <= LOOKED:
        return _fact(of), ""
    share = SHARE * until.left
    begun = time.monotonic()
    found = _fact(of.some(LOOKED, seed))
    took = time.monotonic() - begun
    possible = int(LOOKED * (share - took) / max(took, 1e-9))
    looked = LOOKED
    if possible >= count:
        return _fact(of), ""
    if possible > 2 * LOOKED:
        found, looked = _fact(of.some(possible, seed)), possible
    found |= {"rows": len(of.frame), "sampled": looked}
    missing = 1.0 - count / len(of.frame)
    found["target"] |= {"missing": missing}
    if of.target.classes:
        found["target"] |= {"counts": of.target.counts}
    note = (
        f"the table itself was judged by {looked:,} of its {len(of.frame):,} rows, "
        "drawn by the seed: there is no time for all of them"
    )
    return found, note


def _fact(of: Looked) -> dict[str, Any]:
    """The profile, what is wrong with the table, and what validation shares.

    Of the test rows the scores of columns know nothing.
    """
    split, target = of.split, of.target
    rows = of.frame.iloc[target.rows].reset_index(drop=True)
    seen = np.concatenate([split.train, split.validation])
    training = rows.iloc[split.train].reset_index(drop=True)
    held = rows.iloc[split.validation].reset_index(drop=True)
    whole = Subject(frame=rows, kinds=of.kinds, target=target)
    said = profile(of.frame, of.kinds, target=target, rows=seen)
    found = {**said, **counted(whole)}
    if held.empty:
        return found
    shared = overlap(
        training, held, of.kinds, target=target.name, group=of.group, time=of.time
    )
    return found | {"overlap": shared}
