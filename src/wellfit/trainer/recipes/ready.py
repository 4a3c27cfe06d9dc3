"""A recipe's data, ready to be trained on: read, split, and prepared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

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
from wellfit.data.table import Table, read_table
from wellfit.data.target import Target, read_target
from wellfit.objectives.metrics import Metric, choose_metric
from wellfit.trainer.parts import Parts
from wellfit.trainer.recipes.look import look
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

    `folds` are the outer ones, each with its inner ones; none where the recipe has
    none. `parts_of` prepares one of them, from its own training rows.
    """

    recipe: Recipe
    table: Table
    asked: Settings
    kinds: Mapping[str, Kind]  # of all columns
    parts: Parts
    metric: Metric
    folds: tuple[tuple[Split, tuple[Split, ...]], ...]

    def study(self) -> Study:
        """What was decided about the table, as any training on one tells of it."""
        return described(self.table, self.kinds, self.parts, self.metric, self.asked)

    def parts_of(self, split: Split) -> Parts:
        """The rows of a fold, whose preparation knows its training rows alone."""
        parts, seed = self.parts, self.recipe.seed
        return Parts.of(
            parts.frame,
            parts.kinds,
            parts.target,
            split,
            parts.clock,
            how=parts.how,
            seed=seed,
        )


def ready(recipe: Recipe, *, folder: Path) -> Ready:
    """Read, split and prepare; names of the user's own are looked for in `folder`.

    `BadTable`, `BadSetting` or `UnknownName` in one sentence where that cannot be.
    """
    table = read_table(_source(recipe.data.source, folder))
    asked = _asked(recipe, table)
    frame = used_columns(table, asked)
    target = read_target(frame[asked.target], recipe.data.task)
    kinds = kinds_of(frame, recipe.data.kinds)
    rows = frame.iloc[target.rows].reset_index(drop=True)
    learnt = {n: k for n, k in kinds.items() if n not in asked.aside}
    seen = look(recipe, learnt, rows, target)
    if seen is not None:
        table = replace(table, notes=(*table.notes, *seen.notes))
        rows, target = seen.rows, seen.target
    keys = _keys(recipe, rows, target, kinds)
    made = _split(recipe, keys, len(rows))
    check_training(target, made)
    parts = Parts.of(
        rows,
        learnt,
        target,
        made,
        asked.time,
        how=replace(recipe.data.prepare, images=None if seen is None else seen.images),
        seed=recipe.seed,
    )
    return Ready(
        recipe=recipe,
        table=table,
        asked=asked,
        kinds=kinds,
        parts=parts if seen is None else replace(parts, decoded=seen.decoded),
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
        return imported(source, key="data.source", folder=folder)()
    return source


def _keys(
    recipe: Recipe, rows: pd.DataFrame, target: Target, kinds: Mapping[str, Kind]
) -> Any:
    """What rows are split by: their classes, times or groups; None at random."""
    by, column = recipe.data.split.by, recipe.data.split.column
    if by == "class":
        if not target.classes:
            raise BadSetting("data.split: a split by class needs classes; got numbers")
        return target.y
    if by == "random" or column is None:
        return None
    if by == "part":
        classes = target.y if target.classes else None
        return parts_in(rows[column]), classes
    if by == "group":
        return texts(rows[column]).fillna("").to_numpy()
    if kinds[column] not in {Kind.DATE, Kind.NUMBER, Kind.IDENTIFIER}:
        raise BadSetting(
            "data.split.column must be of dates or numbers for a split by time; "
            f"{column!r} is {kinds[column]}"
        )
    return moments(rows[column], kinds[column])


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
