"""The JSON schema of recipes, for editors: keys, bounds and choices by type."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from wellfit.core.choices import AUGMENTATIONS, MODELS, OBJECTIVES
from wellfit.core.own import FORM
from wellfit.core.recipe import VERSION, Recipe

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMED: Mapping[str, Mapping[str, Any]] = {
    "Model": MODELS,
    "Objective": OBJECTIVES,
    "Augmentation": AUGMENTATIONS,
}


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:
        """A title repeats what the key says already."""
        return False


def recipe_schema() -> dict[str, Any]:
    """The schema of a `recipe.yaml`: no key but these, and the names there are."""
    schema = TypeAdapter(Recipe).json_schema(schema_generator=_Untitled)
    del schema["properties"]["reasons"]  # which are comments
    sections = {**schema["$defs"], "Recipe": schema}
    for name, section in sections.items():
        section["additionalProperties"] = False
        if name in NAMED:
            section["properties"]["name"] = _names(NAMED[name])
    schema["properties"]["version"] = {"const": VERSION, "default": VERSION}
    return {"$schema": DIALECT, **schema}


def _names(known: Mapping[str, Any]) -> dict[str, Any]:
    own = {"type": "string", "pattern": f"^{FORM.pattern}$"}
    return {"anyOf": [{"enum": list(known)}, own]}
