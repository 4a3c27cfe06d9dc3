"""`wellfit train --show-recipe`: what would be done with a table, or by a recipe."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from wellfit.core.asked import Asked
from wellfit.core.recipe import Recipe

if TYPE_CHECKING:
    from wellfit.core.text import Place
    from wellfit.trainer.recipes.overrides import Override

SUFFIXES = (".yaml", ".yml")
# Where a recipe has what a flag says.
PLACES: "dict[str, Place]" = {
    "target": ("data", "target"),
    "task": ("data", "task"),
    "drop": ("data", "drop"),
    "metric": ("objective", "metric"),
    "budget": ("loop", "budget"),
    "seed": ("seed",),
}


def is_recipe(data: Any) -> bool:
    """Whether that is the path of a recipe, and not of a table."""
    return isinstance(data, str | os.PathLike) and Path(data).suffix in SUFFIXES


def is_images(data: Any) -> bool:
    """Whether that is a folder, or a zip with images in it."""
    if not isinstance(data, str | os.PathLike):
        return False
    from wellfit.data.imagesets import is_image_set

    return is_image_set(Path(data))


def recipe_for(
    data: Any,
    *,
    target: str | None = None,
    asked: Sequence[str] = (),
    **options: Unpack[Asked],
) -> Recipe:
    """What wellfit would train on a table or on images, with a reason for each choice.

    `data` is the path of a table, of a folder of images or of a zip of one, or a
    pandas, polars or Arrow frame, a row a sample; `target` the column to predict: of a
    folder of images their class, where none is named. Where `data` is a recipe, or the
    path of one, it is that. `asked` are `key=value` in place of what it says, as
    `--set` has them, and `options` what `wellfit.train` takes, `budget` as "60s", "20m"
    or seconds, `memory` as "4G" or bytes.
    Nothing is trained: `Recipe.save` keeps it as YAML, with the reasons as comments,
    and `wellfit.train` takes it, or the file. A frame is not in it:
    `wellfit.train(recipe, table=frame)`.
    Kinds of columns and the split are told by the whole table, all else by training
    rows alone; the same data and seed give the same recipe. Raises `BadTable`,
    `BadSetting` or `UnknownName` in one sentence.

    >>> import pandas as pd
    >>> sizes = range(40, 200)
    >>> houses = pd.DataFrame({"size": sizes, "price": [3 * s + s % 7 for s in sizes]})
    >>> recipe = recipe_for(houses, target="price", asked=["loop.epochs=20"])
    >>> recipe.model.name, recipe.loop.epochs
    ('mlp', 20)
    >>> recipe.reasons["data.task"]
    'the target has 160 different numbers'
    """
    from wellfit.trainer.recipes import propose, read_plain, read_recipe
    from wellfit.trainer.recipes.overrides import parse_override

    changes = [parse_override(pair) for pair in asked]
    given: dict[str, Any] = {n: v for n, v in options.items() if v is not None}
    said = {"target": target} if target else {}
    memory = {"memory": given.pop("memory")} if "memory" in given else {}  # no choice
    if isinstance(data, Recipe):
        flags = [*_flags(said | given), *changes]
        return read_plain(data.to_json(), reasons=data.reasons, asked=flags)
    if is_recipe(data):
        return read_recipe(Path(data), asked=[*_flags(said | given), *changes])
    made = propose.recipe_for(data, target=target, **given, **memory)
    return read_plain(made.to_json(), reasons=made.reasons, asked=changes)


def _flags(options: dict[str, Any]) -> "Iterator[Override]":
    """What flags say, as changes of a recipe."""
    from wellfit.trainer.recipes.overrides import Override

    for name, value in options.items():
        flag = f"--{name} {value}"
        if name in PLACES:
            plain = list(value) if name == "drop" else value
            if plain != []:
                yield Override(place=PLACES[name], value=plain, flag=flag)
        elif name == "kinds":
            for column, kind in value.items():
                place = ("data", "kinds", column)
                yield Override(place=place, value=kind, flag=f"--kind {column}={kind}")
        else:  # time and group
            place = ("data", "split", "by")
            yield Override(place=place, value=name, flag=flag)
            yield Override(place=(*place[:2], "column"), value=value, flag=flag)
