"""A recipe's data, ready to be trained on: read, split, and prepared."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from torch.utils.data import Dataset  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.core.own import imported, is_own
from wellfit.core.recipe import Recipe
from wellfit.data.columns import Kind, moments, texts
from wellfit.data.folds import folds_of, nested_folds
from wellfit.data.imagesets import is_image_set, parts_in, why_unlabelled
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
from wellfit.data.table import FRAME, Table
from wellfit.data.target import Target, read_target
from wellfit.objectives.metrics import Metric, choose_metric
from wellfit.trainer.large import Taken, take
from wellfit.trainer.parts import Parts
from wellfit.trainer.recipes.dataset import Own, made_by, own
from wellfit.trainer.recipes.look import look
from wellfit.trainer.recipes.spill import spilled
from wellfit.trainer.study import (
    Settings,
    Study,
    check_training,
    described,
    used_columns,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ready:
    """A table as its recipe wants it.

    `taken` is the table, whole or a sample; `parts` are of what it has, `target` and
    `split` of all rows. `folds` are the outer ones, each with its inner ones; none
    where the recipe has none. `parts_of` prepares one of them, from its own training
    rows. Of a Dataset of the user's own, `own` is that.
    """

    recipe: Recipe
    taken: Taken
    asked: Settings
    kinds: Mapping[str, Kind]  # of all columns
    target: Target
    split: Split
    parts: Parts
    metric: Metric
    own: Own | None = None
    folds: tuple[tuple[Split, tuple[Split, ...]], ...]

    def study(self) -> Study:
        """What was decided about the table, as any training on one tells of it."""
        table = self.taken.table
        if self.own is not None:
            return self.own.study(self.parts, self.metric)
        return described(table, self.kinds, self.parts, self.metric, self.asked)

    def parts_of(self, split: Split) -> Parts:
        """The rows of a fold, whose preparation knows its training rows alone."""
        parts, seed = self.parts, self.recipe.seed
        if self.own is not None:
            return self.own.parts(self.target, split, seed)
        target, own = self.taken.part_of(self.target, split)
        return Parts.of(
            parts.frame,
            parts.kinds,
            target,
            own,
            parts.clock,
            how=parts.how,
            seed=seed,
            decoded=parts.decoded,
        )

    @contextmanager
    def to_train(self, split: Split, parts: Parts, folder: Path) -> Iterator[Parts]:
        """What a network is trained on: `parts`, or all rows, prepared into `folder`.

        `parts` are those of `split`.
        """
        if self.taken.sample is None:
            yield parts
            return
        with spilled(self.taken.sample, self.target, split, parts, folder) as made:
            yield made


def ready(
    recipe: Recipe, *, folder: Path, table: Any = None, memory: int | str | None = None
) -> Ready:
    """Read, split and prepare; names of the user's own are looked for in `folder`.

    A `table` that is given is taken in place of the recipe's source.
    Of a table that finds no room in `memory` a sample is read, and the target whole.
    `BadTable`, `BadSetting` or `UnknownName` in one sentence where that cannot be.
    """
    data = recipe.data
    keep = [name for name in (data.target, data.split.column) if name is not None]
    source = _source(data.source, folder) if table is None else _given(table)
    if isinstance(source, Own):
        return _ready_of(source, recipe)
    taken = take(source, memory, seed=recipe.seed, keep=keep)
    asked = _asked(recipe, taken.table)
    frame = used_columns(taken.table, asked)
    target = read_target(taken.kept[asked.target], data.task)
    kinds = kinds_of(frame, data.kinds)
    learnt = {n: k for n, k in kinds.items() if n not in asked.aside}
    seen = look(recipe, learnt, taken, target)
    if seen is not None:
        taken, target = seen.taken, seen.target
    keys = _keys(recipe, taken.kept, target, kinds)
    made = _split(recipe, keys, len(target.rows))
    check_training(target, made)
    own, part = taken.part_of(target, made)
    parts = Parts.of(
        frame.iloc[own.rows].reset_index(drop=True),
        learnt,
        own,
        part,
        asked.time,
        how=replace(data.prepare, images=None if seen is None else seen.images),
        seed=recipe.seed,
        decoded=None if seen is None else seen.decoded,
    )
    return Ready(
        recipe=recipe,
        taken=taken.without_kept(),
        asked=asked,
        kinds=kinds,
        target=target,
        split=made,
        parts=parts,
        metric=_metric(recipe, target, made),
        folds=_folds(recipe, made, keys),
    )


def _asked(recipe: Recipe, table: Table) -> Settings:
    """What the recipe says of the table's columns."""
    split, target = recipe.data.split, recipe.data.target or table.target
    if target is None:
        raise BadSetting(
            why_unlabelled(table.name)
            if is_image_set(Path(recipe.data.source))
            else "data.target must name the column of the table to predict"
        )
    by = {"time": "time", "group": "group", "part": "part"}.get(split.by)
    return Settings(
        target=target,
        seed=recipe.seed,
        drop=recipe.data.drop,
        **({by: split.column} if by else {}),  # type: ignore[arg-type]
    )


def _source(source: str, folder: Path) -> Any:
    if is_own(source):
        factory = imported(source, key="data.source", folder=folder)
        return made_by(factory, source)
    if source == FRAME and not Path(source).exists():
        raise BadSetting(
            "the recipe is of a frame in memory: give it, train(recipe, table=frame), "
            "or name the file that it is kept in, as data.source"
        )
    return source


def _given(table: Any) -> Any:
    """What is trained on in place of the source: a table, or a Dataset."""
    return own(table, table, FRAME) if isinstance(table, Dataset) else table


def _ready_of(data: Own, recipe: Recipe) -> Ready:
    """A Dataset, split; its samples are loaded when they are trained on."""
    data.check(recipe)
    target = data.target(recipe)
    keys = target.y if recipe.data.split.by == "class" else None
    if keys is not None and not target.classes:
        raise BadSetting("data.split: a split by class needs classes; got numbers")
    made = _split(recipe, keys, len(target.rows))
    check_training(target, made)
    return Ready(
        recipe=recipe,
        taken=Taken(table=data.table(target)),
        asked=Settings(target=target.name, seed=recipe.seed),
        kinds={},
        target=target,
        split=made,
        parts=data.parts(target, made, recipe.seed),
        metric=_metric(recipe, target, made),
        own=data,
        folds=_folds(recipe, made, keys),
    )


def _keys(
    recipe: Recipe, rows: pd.DataFrame, target: Target, kinds: Mapping[str, Kind]
) -> Any:
    """What the rows with a target are split by: classes, times, groups; or nothing."""
    by, column = recipe.data.split.by, recipe.data.split.column
    if by == "class":
        if not target.classes:
            raise BadSetting("data.split: a split by class needs classes; got numbers")
        return target.y
    if by == "random" or column is None:
        return None
    if by == "part":
        classes = target.y if target.classes else None
        return parts_in(rows[column].iloc[target.rows]), classes
    if by == "group":
        return texts(rows[column].iloc[target.rows]).fillna("").to_numpy()
    if kinds[column] not in {Kind.DATE, Kind.NUMBER, Kind.IDENTIFIER}:
        raise BadSetting(
            "data.split.column must be of dates or numbers for a split by time; "
            f"{column!r} is {kinds[column]}"
        )
    return moments(rows[column].iloc[target.rows], kinds[column])


def _split(recipe: Recipe, keys: Any, count: int) -> Split:
    split, seed = recipe.data.split, recipe.seed
    sizes = Sizes(validation=split.validation, test=split.test)
    match split.by:
        case "class":
            return split_by_class(keys, seed=seed, sizes=sizes)
        case "time":
            return split_by_time(keys, sizes=sizes)
        case "group":
            return split_by_group(keys, seed=seed, sizes=sizes)
        case "part":
            return split_by_part(*keys, seed=seed, sizes=sizes)
        case "random":
            return split_at_random(count, seed=seed, sizes=sizes)


def _folds(
    recipe: Recipe, made: Split, keys: Any
) -> tuple[tuple[Split, tuple[Split, ...]], ...]:
    by, seed = recipe.data.split.by, recipe.seed
    outer, inner = recipe.data.split.folds, recipe.data.split.inner
    if outer is None:
        return ()
    if inner is None:
        found = folds_of(made, outer, by=by, keys=keys, seed=seed)
        return tuple((fold, ()) for fold in found)
    return nested_folds(made, outer, inner, by=by, keys=keys, seed=seed)


def _metric(recipe: Recipe, target: Target, made: Split) -> Metric:
    judged = made.validation if len(made.validation) else made.train
    y = np.asarray(target.y[judged])
    metric = choose_metric(target.task, target.counts, y, recipe.objective.metric)
    return replace(metric, why=recipe.reasons.get("objective.metric", metric.why))
