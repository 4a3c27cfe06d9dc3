"""The images that a recipe learns from: decoded, those left out that cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wellfit.core.choices import OF_IMAGES
from wellfit.core.errors import BadSetting, BadTable
from wellfit.core.own import is_own
from wellfit.core.recipe import Images, Recipe
from wellfit.data.columns import Kind
from wellfit.data.decode import Decoded, Form, channels_of, decode, headers
from wellfit.data.target import Target
from wellfit.trainer.large import Taken

NAMED = 3  # files of those that cannot be read
LOOKED_AT = 1000  # files, for what most of them are like
SMALL = 40  # pixels of a side: smaller images stay as they are
SIDE = 64  # of larger ones, where the recipe says nothing


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Looked:
    """The images that can be read; a note of `taken` tells of the others.

    `target` is of the rows that have one of them.
    """

    taken: Taken
    target: Target
    decoded: Decoded
    images: Images


def look(
    recipe: Recipe, kinds: Mapping[str, Kind], taken: Taken, target: Target
) -> Looked | None:
    """Decode the images; None where the recipe's model looks at none.

    A network of the user's own looks at them where there are some.
    `BadSetting` where there is no column of them, or more than one; `BadTable` where
    none can be read.
    """
    some = is_own(recipe.model.name) and Kind.IMAGE in kinds.values()
    if recipe.model.name not in OF_IMAGES and not some:
        return None
    if taken.sample is not None:
        raise BadSetting(
            f"model.name: {recipe.model.name} needs the whole table of paths, which "
            "finds no room in memory: give it more with --memory"
        )
    name = column_of_images(kinds, recipe.model.name)
    paths = taken.table.frame[name].iloc[target.rows]
    said = recipe.data.prepare.images or usual_images(paths.dropna().tolist())
    form = Form(side=said.side, channels=said.channels)
    decoded = decode(paths.dropna().tolist(), form)
    kept = np.array([str(path) in decoded.places for path in paths], dtype=bool)
    if not kept.any():
        many = f"{len(paths):,} images"
        raise BadTable(f"none of the {many} can be read: {_few(decoded)}")
    others = [n for n in kinds if n != name]
    notes = (*_left_out(kept, decoded), *_unused(others, recipe.model.name))
    table = replace(taken.table, notes=(*taken.table.notes, *notes))
    return Looked(
        taken=replace(taken, table=table),
        target=replace(target, rows=target.rows[kept], y=target.y[kept]),
        decoded=decoded,
        images=said,
    )


def column_of_images(kinds: Mapping[str, Kind], model: str) -> str:
    """The one column of images that there is."""
    found = [n for n, k in kinds.items() if k is Kind.IMAGE]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadSetting(
            f"model.name: {model} looks at one column of images; this table has "
            f"{', '.join(found)}: --drop the others"
        )
    raise BadSetting(
        f"model.name: {model} learns from images, and no column has paths to images "
        "that are there (told from the table's folder): take mlp, or mend the paths"
    )


def usual_images(paths: list[str]) -> Images:
    """What images are made into where a recipe does not say: by what they are like."""
    some = headers(paths[:: -(-len(paths) // LOOKED_AT) or 1])
    if not some:
        return Images(side=SMALL)  # none can be read, which is told where they are
    channels, _ = channels_of(some)
    median = int(np.median([min(h.width, h.height) for h in some]))
    side = median if median <= SMALL else SIDE
    return Images(side=max(8, side), channels=1 if channels == 1 else 3)


def _left_out(kept: np.ndarray, decoded: Decoded) -> list[str]:
    lost = int((~kept).sum())
    if not lost:
        return []
    what = "image" if lost == 1 else "images"
    return [f"{lost:,} {what} left out that cannot be read: {_few(decoded)}"]


def _few(decoded: Decoded) -> str:
    """The first of those that cannot be read, each with why."""
    named = list(decoded.faults.items())
    said = [f"{Path(path).name} ({why})" for path, why in named[:NAMED]]
    more = f" and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
    return (", ".join(said) or "no row has a path") + more


def _unused(others: list[str], model: str) -> list[str]:
    if not others:
        return []
    shown = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
    return [f"{model} learns from the images alone, not from {shown}"]
