"""What a recipe can say and the trainer cannot do yet: told before the work."""

from collections.abc import Iterator

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Recipe


def check_able(recipe: Recipe) -> None:
    """`BadSetting` for the first of it."""
    for key, instead in _unable(recipe):
        raise BadSetting(f"{key} is not trained by yet: {instead}")


def _unable(recipe: Recipe) -> Iterator[tuple[str, str]]:
    split = recipe.data.split
    if split.folds:
        yield "data.split.folds", "leave it out, and validation rows are held back once"
    if not split.validation:
        yield "data.split.validation 0", "hold some rows back, such as 0.2"
    if not split.test:
        yield "data.split.test 0", "leave some rows untouched, such as 0.2"
