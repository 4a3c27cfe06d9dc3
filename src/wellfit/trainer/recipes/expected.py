"""What a value of a recipe may be, in words: from the JSON schema of its type."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from wellfit.core.text import Place
from wellfit.core.words import enumerated
from wellfit.trainer.recipes.words import close

SHOWN = 60  # characters of a value that is wrong
TYPES = {
    "boolean": "true or false",
    "string": "text",
    "filled": "text that is not empty",
    "object": "keys with values",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked for: in a phrase, and the names where it is one of some."""

    phrase: str
    names: tuple[str, ...]

    def sentence(self, got: Any) -> str:
        """What is expected, what came, and what was probably meant."""
        said = f"{self.phrase}; got {shown(got)}"
        if isinstance(got, str):
            return said + close(got, self.names)
        if self.phrase.startswith("text") and isinstance(got, bool | int | float):
            return f"{said}: put it in quotes"
        return said


def shown(value: Any) -> str:
    """A value as a message has it: short, and as the recipe writes it."""
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def asked(section: Any, place: Place) -> Asked:
    """What is asked for at a place, counted from a section."""
    return asked_of(TypeAdapter(_type(section, place)).json_schema())


def asked_of(schema: Mapping[str, Any]) -> Asked:
    """The same, of a type's JSON schema."""
    return Asked(phrase=_phrase(schema), names=tuple(_names(schema)))


def _type(kind: Any, place: Place) -> Any:
    """The type of the value at a place, counted from a value of this type."""
    for key in place:
        kind = _inner(kind, key)
    return kind


def _inner(kind: Any, key: str | int) -> Any:
    if hasattr(kind, "__dataclass_fields__"):
        return get_type_hints(kind, include_extras=True)[str(key)]
    origin, choices = get_origin(kind), get_args(kind)
    if origin is tuple:
        return choices[0] if isinstance(key, str) else choices[_of(choices, key)]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return choices[1]
    # of an annotated type, and of `Section | None`, the first choice has the keys
    return _inner(choices[0], key) if choices else Any


def _of(choices: tuple[Any, ...], place: int) -> int:
    return 0 if Ellipsis in choices else min(place, len(choices) - 1)


def _names(schema: Mapping[str, Any]) -> Iterator[str]:
    for choice in schema.get("anyOf", ()):
        yield from _names(choice)
    if "const" in schema:
        yield str(schema["const"])
    yield from map(str, schema.get("enum", ()))


def _phrase(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = [c for c in schema["anyOf"] if not {"const", "enum"} & set(c)]
        parts = [_phrase(c) for c in kinds if c.get("type") != "null"]
        return " or ".join([*parts, *map(repr, _names(schema))])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return repr(schema["const"])
    kind = "filled" if "minLength" in schema else schema.get("type")
    if kind in {"integer", "number"}:
        return _number(schema)
    if kind == "array":
        return _list(schema)
    return TYPES.get(str(kind), TYPES["object"])


def _number(schema: Mapping[str, Any]) -> str:
    what = "a whole number" if schema["type"] == "integer" else "a number"
    bounds = [
        f"{word} {schema[key]:g}" if abs(schema[key]) < 1e6 else f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "of at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "of at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    return f"{what} {enumerated(bounds)}" if bounds else what


def _list(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"a list of {len(schema['prefixItems'])} numbers"
    least = schema.get("minItems")
    what = f"a list of at least {least}" if least else "a list"
    if schema.get("items", {}).get("type") in {"object", None}:
        return what
    return f"{what}, each of it {_phrase(schema['items'])}"
