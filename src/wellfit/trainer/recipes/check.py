"""A recipe's plain data, checked: typed values, or one sentence with the line.

Of several faults the first in the text is told.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import VERSION, Recipe
from wellfit.core.text import Document, Place, read_text
from wellfit.trainer.recipes.expected import asked
from wellfit.trainer.recipes.fault import Fault, dotted
from wellfit.trainer.recipes.fit import contradictions
from wellfit.trainer.recipes.overrides import Override, overridden
from wellfit.trainer.recipes.params import completed
from wellfit.trainer.recipes.words import meant


def read_recipe(path: Path, *, asked: Iterable[Override] = ()) -> Recipe:
    """The recipe in a file, with what flags ask for in place of what it says.

    `BadSetting` for what it cannot be: one sentence, with the line, and the nearest
    key or value that there is.
    """
    return checked(overridden(read_text(path), asked))


def read_plain(
    data: Mapping[str, Any],
    *,
    reasons: Mapping[str, str] | None = None,
    asked: Iterable[Override] = (),
) -> Recipe:
    """The recipe in plain data, as `Recipe.to_json` gives it; `BadSetting` as above."""
    return checked(overridden(Document(data=dict(data), reasons=reasons or {}), asked))


def checked(document: Document) -> Recipe:
    """The typed recipe, with the usual values for what it leaves out."""
    data = document.data
    _tell(document, _of_version(data))
    _tell(document, [*_unknown(Recipe, data, ()), *_untyped(data)])
    data, faults = completed(data)
    _tell(document, faults)
    recipe = _adapter().validate_json(
        json.dumps({**data, "reasons": dict(document.reasons)}), strict=True
    )
    _tell(document, contradictions(recipe))
    return recipe


def _tell(document: Document, faults: Iterable[Fault]) -> None:
    """Raise the first in the text, if there is one."""
    found = sorted(faults, key=lambda fault: document.line(fault.place))
    if found:
        raise BadSetting(document.where(found[0].place) + found[0].text)


def _of_version(data: Mapping[str, Any]) -> Iterator[Fault]:
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        text = f"the recipe is of version {version}, and this wellfit reads {VERSION}"
        yield Fault(place=("version",), text=f"{text}: pip install -U wellfit")


def _unknown(kind: Any, data: Any, place: Place) -> Iterator[Fault]:
    """Keys that a section does not have, in all sections that are in `data`."""
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(data, Mapping):
        hints = hints_of(kind)
        for key, value in data.items():
            if key not in hints:
                yield Fault(place=(*place, key), text=meant(key, place, hints))
            else:
                yield from _unknown(hints[key], value, (*place, key))
    elif get_origin(kind) is tuple and isinstance(data, list):
        for i, item in enumerate(data):
            yield from _unknown(get_args(kind)[0], item, (*place, i))
    else:
        for choice in get_args(kind):  # of `Section | None`
            if is_dataclass(choice):
                yield from _unknown(choice, data, place)


@cache
def hints_of(section: type[Any]) -> dict[str, Any]:
    """The types of a section's keys, in their order; reasons are comments, no key."""
    hints = get_type_hints(section, include_extras=True)
    return {f.name: hints[f.name] for f in fields(section) if f.name != "reasons"}


def _untyped(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Values that are missing or of a wrong type, or out of bounds."""
    try:  # as JSON, where strict still takes a list for a tuple
        _adapter().validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        told: set[Place] = set()
        for wrong in error.errors():
            place = _place(wrong["loc"], data)
            if place not in told:  # each choice of a union has its own complaint
                told.add(place)
                yield _fault(place, wrong["type"], wrong["loc"], data)


def _fault(place: Place, kind: str, loc: Place, data: Any) -> Fault:
    needed = loc[len(place)] if kind == "missing" else None
    if isinstance(needed, str):
        owner = f"{dotted(place)} needs" if place else "a recipe needs"
        what = asked(Recipe, (*place, needed))
        return Fault(place=place, text=f"{owner} the key {needed!r}: {what.phrase}")
    what, got = asked(Recipe, place), _at(data, place)
    return Fault(place=place, text=f"{dotted(place)} must be {what.sentence(got)}")


def _place(loc: Place, data: Any) -> Place:
    """How far `loc`, with pydantic's own marks in it, leads into the data."""
    found: list[str | int] = []
    for key in loc:
        inside = isinstance(data, list) and isinstance(key, int) and key < len(data)
        if not inside and not (isinstance(data, Mapping) and key in data):
            break
        data = data[key]
        found.append(key)
    return tuple(found)


def _at(data: Any, place: Place) -> Any:
    for key in place:
        data = data[key]
    return data


@cache
def _adapter() -> TypeAdapter[Recipe]:
    return TypeAdapter(Recipe)
