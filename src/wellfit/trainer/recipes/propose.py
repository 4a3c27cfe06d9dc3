"""A recipe for a table, written from what its training rows are like."""

import os
from pathlib import Path
from typing import Any, Unpack

from wellfit.core.asked import Asked
from wellfit.core.recipe import Recipe
from wellfit.data.table import Table
from wellfit.trainer.large import tabled
from wellfit.trainer.recipes import training
from wellfit.trainer.recipes.check import read_plain
from wellfit.trainer.recipes.inputs import choose_data
from wellfit.trainer.recipes.seen import see
from wellfit.trainer.study import Settings


def recipe_for(data: Any, *, target: str, **options: Unpack[Asked]) -> Recipe:
    """What wellfit would do with a table, with a reason for each choice.

    `data` is a path or a frame, `target` the column to predict. Kinds of
    columns and the split are told by the whole table, all else by training rows alone.
    The same table and seed give the same recipe. Raises
    `BadTable`, `BadSetting` or `UnknownName` in one sentence.
    """
    how = Settings(target=target, **options)
    table = tabled(data, how.memory, seed=how.seed)
    seen = see(table, how)
    chosen, why = choose_data(seen, _source(data, table))
    model, why_model = training.choose_model(seen)
    objective, why_objective = training.choose_objective(seen)
    optimizer, why_optimizer = training.choose_optimizer(seen)
    schedule, why_schedule = training.choose_schedule()
    regularization, why_regularization = training.choose_regularization(seen)
    loop, why_loop = training.choose_loop(seen)
    precision, why_precision = training.choose_precision(seen)
    recipe = Recipe(
        data=chosen,
        model=model,
        objective=objective,
        optimizer=optimizer,
        schedule=schedule,
        regularization=regularization,
        loop=loop,
        precision=precision,
        seed=seen.how.seed,
    )
    reasons = why | why_model | why_objective | why_optimizer | why_schedule
    reasons |= why_regularization | why_loop | why_precision
    return read_plain(recipe.to_json(), reasons=reasons)


def _source(data: Any, table: Table) -> str:
    return str(Path(data)) if isinstance(data, str | os.PathLike) else table.name
