"""Which run a training by a recipe goes on with, and from which step."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wellfit.core.errors import BadRun, BadSetting, WellfitError
from wellfit.core.recipe import Recipe
from wellfit.record.folder import databases, runs_in
from wellfit.trainer.keeper import alone
from wellfit.trainer.recipes.check import read_recipe

FILE = "recipe.yaml"
CHECKPOINTS = "checkpoints"
# What may change on the way: how long it goes on, where, and what is kept of it.
FREE = frozenset(
    [
        "loop.epochs",
        "loop.steps",
        "loop.budget",
        "loop.keep",
        "loop.checkpoint_every",
        "loop.workers",
        "precision.device",
    ]
)


def run_to_resume(recipe: Recipe, *, out: Path | None, runs: Path) -> Path:
    """The folder that is named, or the newest run of the same recipe.

    `BadRun` in one sentence where there is none, or it is of another recipe.
    """
    if out is not None:
        if not (out / FILE).is_file():
            raise BadRun(
                f"{out} holds no training by a recipe: a run folder was expected, with "
                f"{FILE} and {CHECKPOINTS}/ in it"
            )
        changed = next(_changed(recipe, read_recipe(out / FILE)), None)
        if changed is not None:
            raise BadRun(
                f"{out} was trained by another recipe: {changed}; take its own "
                f"({out / FILE}), or train anew"
            )
        return out
    for run in runs_in(runs):
        if (
            (run / FILE).is_file()
            and (run / CHECKPOINTS).is_dir()
            and _same(run, recipe)
        ):
            return run
    raise BadRun(
        f"there is no run of this recipe to go on with in {runs}: name its folder with "
        "--out, or train anew"
    )


def _same(run: Path, recipe: Recipe) -> bool:
    try:
        return not any(_changed(recipe, read_recipe(run / FILE)))
    except WellfitError:  # a recipe of a newer wellfit, or one edited since
        return False


def _changed(now: Recipe, before: Recipe) -> Iterator[str]:
    new, old = dict(_flat(now.to_json())), dict(_flat(before.to_json()))
    for key in {**old, **new}:
        if key not in FREE and old.get(key) != new.get(key):
            yield f"{key} was {old.get(key)} and is {new.get(key)}"


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    inner: Any = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
        inner = enumerate(value)
    for key, item in inner:
        yield from _flat(item, f"{path}.{key}" if path else str(key))
    if not inner:
        yield path, value


def clear(run: Path) -> None:
    """Make room for the record of the whole training, which is written anew.

    What the attempts before have recorded is in folders of their own. `BadRun` where
    the training is still going on.
    """
    folder = run / CHECKPOINTS
    folder.mkdir(exist_ok=True)
    with alone(folder):
        for path in databases(run).values():
            for part in (path, *path.parent.glob(f"{path.name}-*")):
                part.unlink(missing_ok=True)


def check_network(name: str) -> None:
    """`BadSetting` for a model that has no checkpoints."""
    if name in {"trivial", "linear", "lightgbm"}:
        raise BadSetting(
            f"--resume goes on with the training of a network; {name} has no "
            "checkpoints: train it anew"
        )
