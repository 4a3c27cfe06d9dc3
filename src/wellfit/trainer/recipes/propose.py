"""A recipe for a table or for images, from what the training rows are like."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from wellfit.core.asked import Asked
from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Data, Recipe
from wellfit.data.imagesets import IMAGE, why_unlabelled
from wellfit.data.table import Table
from wellfit.trainer.large import tabled
from wellfit.trainer.recipes import images, training
from wellfit.trainer.recipes.check import read_plain
from wellfit.trainer.recipes.inputs import Reasons, choose_data
from wellfit.trainer.recipes.seen import Seen, see
from wellfit.trainer.study import Settings


def recipe_for(
    data: Any, *, target: str | None = None, **options: Unpack[Asked]
) -> Recipe:
    """What wellfit would do with a table, with a reason for each choice.

    `data` is a path or a frame, `target` the column to predict: of a folder of images,
    their class where none is named. Where a column has paths of images, the recipe is
    of a network that looks at those. Kinds of columns and the split are told by the
    whole table, all else by training rows alone.
    The same table and seed give the same recipe. Raises
    `BadTable`, `BadSetting` or `UnknownName` in one sentence.
    """
    table = tabled(data, options.get("memory"), seed=options.get("seed", 0))
    seen = see(table, _settings(table, target, options))
    chosen, why = choose_data(seen, _source(data, table))
    looked = images.look_at(seen)
    recipe, reasons = (
        _of_columns(seen, chosen) if looked is None else _of_images(looked, chosen)
    )
    return read_plain(recipe.to_json(), reasons=why | reasons)


def _settings(table: Table, target: str | None, options: Asked) -> Settings:
    named = target or table.target
    if named is None:
        raise BadSetting(
            why_unlabelled(table.name)
            if list(table.frame) == [IMAGE]
            else "--target must name the column to predict"
        )
    otherwise = options.get("time") or options.get("group")
    return Settings(target=named, part=None if otherwise else table.part, **options)


def _of_images(looked: images.Looked, data: Data) -> tuple[Recipe, Reasons]:
    form, why_form = images.choose_images(looked)
    augment, why_augment = images.choose_augmentation(looked, form)
    model, why_model = images.choose_network(looked, form.side)
    objective, why_objective = images.choose_objective(looked)
    optimizer, why_optimizer = images.choose_optimizer(looked)
    schedule, why_schedule = images.choose_schedule()
    regularization, why_regularization = images.choose_regularization(looked)
    loop, why_loop = images.choose_loop(looked, form.side)
    precision, why_precision = images.choose_precision(looked, form)
    recipe = Recipe(
        data=replace(data, prepare=replace(data.prepare, images=form), augment=augment),
        model=model,
        objective=objective,
        optimizer=optimizer,
        schedule=schedule,
        regularization=regularization,
        loop=loop,
        precision=precision,
        seed=looked.seen.how.seed,
    )
    reasons = why_form | why_augment | why_model | why_objective | why_optimizer
    reasons |= why_schedule | why_regularization | why_loop | why_precision
    return recipe, reasons


def _of_columns(seen: Seen, data: Data) -> tuple[Recipe, Reasons]:
    model, why_model = training.choose_model(seen)
    objective, why_objective = training.choose_objective(seen)
    optimizer, why_optimizer = training.choose_optimizer(seen)
    schedule, why_schedule = training.choose_schedule()
    regularization, why_regularization = training.choose_regularization(seen)
    loop, why_loop = training.choose_loop(seen)
    precision, why_precision = training.choose_precision(seen)
    recipe = Recipe(
        data=data,
        model=model,
        objective=objective,
        optimizer=optimizer,
        schedule=schedule,
        regularization=regularization,
        loop=loop,
        precision=precision,
        seed=seen.how.seed,
    )
    reasons = why_model | why_objective | why_optimizer | why_schedule
    reasons |= why_regularization | why_loop | why_precision
    return recipe, reasons


def _source(data: Any, table: Table) -> str:
    return str(Path(data)) if isinstance(data, str | os.PathLike) else table.name
