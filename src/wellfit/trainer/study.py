"""What is to be learnt from a table: target, columns, parts and metric, all decided."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadSetting, BadTable, UnknownName
from wellfit.core.recipe import SplitBy
from wellfit.data.columns import Kind, moments, texts
from wellfit.data.folds import Keys
from wellfit.data.imagesets import parts_in
from wellfit.data.profile import kinds_of
from wellfit.data.split import (
    Sizes,
    Split,
    split_at_random,
    split_by_class,
    split_by_group,
    split_by_part,
    split_by_time,
)
from wellfit.data.table import Table
from wellfit.data.target import Target, Task, read_target
from wellfit.objectives.metrics import Metric, choose_metric
from wellfit.record.folder import RUNS
from wellfit.trainer.clock import Deadline, seconds_of
from wellfit.trainer.looking import Looked, look
from wellfit.trainer.parts import Parts
from wellfit.trainer.room import bytes_of
from wellfit.trainer.tested import below, own_target, split_of, target_of
from wellfit.trainer.thinning import thinned

MOST_SEEDS = 2**31  # LightGBM's limit
UNTESTED = 0.25  # validates, where no rows are held back for the test


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a user can say about a training on a table.

    `out` is the run folder; without it a fresh one is made in `runs`. `budget` is a
    time ("60s", "20m", or seconds), `memory` the most that the process may take ("4G",
    or bytes); `time`, `group` and `part` name the column that the split goes by;
    `kinds` overrules what columns hold, by name; `drop` leaves columns out; `test` is
    a table of rows to test on.
    """

    target: str
    out: str | Path | None = None
    runs: str | Path = RUNS
    seed: int = 0
    budget: float | str = 60.0
    memory: int | str | None = None
    metric: str | None = None
    task: Task | None = None
    time: str | None = None
    group: str | None = None
    part: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    test: Any = None

    @property
    def aside(self) -> frozenset[str]:
        """The columns that are not learnt from, whatever they hold."""
        return frozenset(filter(None, (self.target, self.group, self.part)))

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that must be there: target, split, those to leave out."""
        split_by = (self.time, self.group, self.part)
        return (self.target, *self.drop, *filter(None, split_by))

    def words(self) -> list[str]:
        """The same on the command line, as far as it bears on the result."""
        one = (
            *("target", "seed", "budget", "memory", "metric", "task"),
            *("time", "group", "part"),
        )
        said = {name: getattr(self, name) for name in one}
        pairs = [(name, value) for name, value in said.items() if value is not None]
        pairs += [("kind", f"{name}={kind}") for name, kind in self.kinds.items()]
        pairs += [("drop", name) for name in self.drop]
        if isinstance(self.test, str | os.PathLike):
            pairs.append(("test", Path(self.test).name))
        return [word for name, value in pairs for word in (f"--{name}", str(value))]

    def __post_init__(self) -> None:
        seconds_of(self.budget)
        if self.memory is not None:
            bytes_of(self.memory)
        if not 0 <= self.seed < MOST_SEEDS:
            raise BadSetting(f"a seed is 0 to {MOST_SEEDS - 1}; got {self.seed}")
        if len([by for by in (self.time, self.group, self.part) if by]) > 1:
            raise BadSetting("a split goes by time or by group; got both")
        if self.target in self.kinds:
            raise BadSetting(
                f"{self.target!r} is the target: say what it is with --task, not --kind"
            )
        for role in ("time", "group", "part"):
            if getattr(self, role) == self.target:
                raise BadSetting(f"--{role} names the target {self.target!r} itself")
        if self.target in self.drop:
            raise BadSetting(f"--drop names the target {self.target!r} itself")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Study:
    """A table with everything decided; `data` is its profile, `notes` what to know.

    Rows are split `by` what `keys` has for each of them.
    """

    table: Table
    target: Target
    kinds: Mapping[str, Kind]
    left_out: Mapping[str, str]
    parts: Parts
    metric: Metric
    data: Mapping[str, Any]
    notes: tuple[str, ...]
    by: SplitBy = "random"
    keys: Keys | None = None

    @property
    def name(self) -> str:
        """The table's name without its endings."""
        return self.table.name.partition(".")[0] or "table"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Settled:
    """The target, the kinds and the split of a table; `rows` are those with a target.

    `frame` has all rows, without the columns that are dropped. Rows are split `by`
    what `keys` has for each; the first `own` of them are the table's, where the others
    are those of a test table.
    """

    frame: pd.DataFrame
    rows: pd.DataFrame
    target: Target
    kinds: Mapping[str, Kind]
    split: Split
    by: SplitBy
    keys: Keys | None
    own: int


def settle(table: Table, how: Settings, test: Table | None = None) -> Settled:
    """Settle these; `BadTable`, `BadSetting` or `UnknownName` where that cannot be.

    `test` has the test rows, where they come as a table of their own; of the table
    itself none are then held back for that.
    """
    frame = used_columns(table, how)
    target = read_target(frame[how.target], how.task)
    kinds = kinds_of(frame, how.kinds)
    rows = frame.iloc[target.rows].reset_index(drop=True)
    by, keys = _keys(rows, target, kinds, how)
    own = len(target.rows)
    split = _split(by, keys, own, how.seed, tested=test is None)
    check_training(target, split)
    if test is not None:
        frame = below(frame, test)
        target = target_of(frame, target, len(table.frame))
        rows = frame.iloc[target.rows].reset_index(drop=True)
        split = split_of(split, own, len(target.rows))
    return Settled(
        frame=frame,
        rows=rows,
        target=target,
        kinds=kinds,
        split=split,
        by=by,
        keys=keys,
        own=own,
    )


def study(
    table: Table,
    how: Settings,
    *,
    test: Table | None = None,
    until: Deadline | None = None,
) -> Study:
    """Decide all; raises what `settle` does.

    With a deadline, of a table that is too large for it some rows are used.
    """
    used_columns(table, how)  # a wrong name is told before any work
    table = thinned(table, until, how.seed, named={*how.named, *how.kinds})
    settled = settle(table, how, test)
    kinds, target, split = settled.kinds, settled.target, settled.split
    learnt = {n: k for n, k in kinds.items() if n not in how.aside}
    validated = target.y[split.validation]
    metric = choose_metric(target.task, target.counts, validated, how.metric)
    parts = Parts.of(settled.rows, learnt, target, split, how.time)
    found = described(table, kinds, parts, metric, how, own=settled.own, until=until)
    return replace(found, by=settled.by, keys=settled.keys)


def described(
    table: Table,
    kinds: Mapping[str, Kind],
    parts: Parts,
    metric: Metric,
    how: Settings,
    *,
    own: int | None = None,
    until: Deadline | None = None,
) -> Study:
    """All that was decided, with the profile of the table, and what to know of it.

    Of the test rows the profile knows nothing; `kinds` are of all columns. The first
    `own` rows of the parts are the table's, where the others came as test rows.
    """
    frame, split = used_columns(table, how), parts.split
    target = parts.target if own is None else own_target(parts.target, own)
    left_out = dict(parts.preparation.left_out)
    left_out |= dict.fromkeys(how.drop, "as asked")
    if how.group:
        left_out[how.group] = "says which rows belong together"
    if how.part:
        left_out[how.part] = "says which part a row is in"
    looked = Looked(
        frame=frame,
        kinds=kinds,
        target=target,
        split=split,
        group=how.group,
        time=how.time,
    )
    data, note = look(looked, until, how.seed)
    notes = (*table.notes, *_notes(len(frame), target, split), note)
    return Study(
        table=table,
        target=parts.target,
        kinds=kinds,
        left_out=left_out,
        parts=parts,
        metric=metric,
        data=data | ({"rows": table.of} if table.of else {}),
        notes=tuple(filter(None, notes)),
    )


def used_columns(table: Table, how: Settings) -> pd.DataFrame:
    """The table without what is dropped; `UnknownName` for a column it lacks."""
    for name in how.named:
        if name not in table.frame.columns:
            raise UnknownName("column", name, among=table.frame.columns)
    frame = table.frame.drop(columns=list(how.drop))
    if frame.shape[1] < 2:
        raise BadTable(
            f"{table.name} has one column; a target and at least one column to learn "
            "from are needed"
        )
    return frame


def _keys(
    rows: pd.DataFrame, target: Target, kinds: Mapping[str, Kind], how: Settings
) -> tuple[SplitBy, Any]:
    """What the rows are split by, and what each of them has of that."""
    if how.time:
        if kinds[how.time] not in {Kind.DATE, Kind.NUMBER, Kind.IDENTIFIER}:
            raise BadSetting(
                f"--time needs a column of dates or numbers; {how.time!r} is "
                f"{kinds[how.time]}"
            )
        return "time", moments(rows[how.time], kinds[how.time])
    if how.group:
        return "group", texts(rows[how.group]).fillna("").to_numpy()
    if how.part:
        return "part", (parts_in(rows[how.part]), target.y if target.classes else None)
    if target.task == "classification":
        return "class", target.y
    return "random", None


def _split(by: SplitBy, keys: Any, count: int, seed: int, *, tested: bool) -> Split:
    """Training, validation and, where `tested`, test rows."""
    sizes = Sizes() if tested else Sizes(validation=UNTESTED, test=0.0)
    match by:
        case "time":
            return split_by_time(keys, sizes=sizes)
        case "group":
            return split_by_group(keys, seed=seed, sizes=sizes)
        case "class":
            return split_by_class(keys, seed=seed, sizes=sizes)
        case "part":
            return split_by_part(*keys, seed=seed, sizes=sizes)
        case "random":
            return split_at_random(count, seed=seed, sizes=sizes)


def check_training(target: Target, split: Split) -> None:
    """`BadTable` where all training rows have the same target."""
    seen = target.y[split.train]
    if not np.any(seen != seen[0]):  # unique values of many rows take a copy, sorted
        only = target.classes[seen[0]] if target.classes else seen[0]
        raise BadTable(
            f"split {split.how}, target {target.name!r} is {only} in all training "
            "rows; split by another column, or at random"
        )


def _notes(rows: int, target: Target, split: Split) -> list[str]:
    missing = rows - len(target.rows)
    notes = [f"{missing:,} rows left out: they have no target"] if missing else []
    rare = [label for label, count in target.counts.items() if count < 3]
    if rare:
        shown = ", ".join(rare[:5]) + (" …" if len(rare) > 5 else "")
        notes.append(f"classes with fewer than 3 rows cannot be in every part: {shown}")
    held = np.unique(target.y[split.validation])
    if target.classes and len(held) == 1 and len(split.validation):
        only = target.classes[held[0]]
        notes.append(f"all validation rows are {only}: they tell little, and no AUC")
    return [*notes, *split.notes]
