"""The JSON schema of recipes: the stored one, and it takes what we take.

To update it: WELLFIT_UPDATE_SNAPSHOTS=1, and read what changed.
"""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.made_recipes import recipes
from wellfit.trainer.recipes.schema import recipe_schema

SCHEMA = recipe_schema()
STORED = Path(__file__).parents[3] / "docs" / "schema" / "recipe.schema.json"


def test_the_stored_schema_is_of_this_form():
    text = json.dumps(recipe_schema(), indent=2) + "\n"
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS"):
        STORED.write_text(text, encoding="utf-8")
    assert STORED.read_text(encoding="utf-8") == text


@settings(deadline=None)
@given(recipes())
def test_the_schema_takes_every_recipe(recipe):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(SCHEMA).validate(recipe.to_json())


def test_no_section_takes_other_keys():
    schema = recipe_schema()
    for section in (schema, *schema["$defs"].values()):
        assert section["additionalProperties"] is False
