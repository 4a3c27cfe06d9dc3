"""What a recipe can say and the trainer cannot do yet: told before the work."""

from collections.abc import Iterator

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Recipe


def check_able(recipe: Recipe) -> None:
    """`BadSetting` for the first of it."""
    for key, instead in _unable(recipe):
        raise BadSetting(f"{key} is not trained by yet: {instead}")


def _unable(recipe: Recipe) -> Iterator[tuple[str, str]]:
    if not recipe.data.split.folds:
        return
    if recipe.model.name in {"trivial", "linear", "lightgbm"}:
        yield f"data.split.folds with model {recipe.model.name}", "leave folds out"
    if any(stage.name == "plateau" for stage in recipe.schedule):
        yield (
            "data.split.folds with a plateau stage",
            "the last training has no validation rows to go by; take cosine",
        )
