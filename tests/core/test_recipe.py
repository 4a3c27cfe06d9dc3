"""Recipes: frozen values, plain data and back."""

import json
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest
from hypothesis import given

from tests.made_recipes import recipes
from wellfit.core import recipe as module
from wellfit.core.choices import OPTIMIZERS, STAGES
from wellfit.core.recipe import Data, Objective, Optimizer, Recipe, Stage
from wellfit.trainer.recipes import read_plain

SECTIONS = [kind for kind in vars(module).values() if is_dataclass(kind)]
SMALL = Recipe(data=Data(source="a.csv"), objective=Objective(name="mse"))


@given(recipes())
def test_a_trip_through_plain_data_changes_nothing(recipe):
    said = json.loads(json.dumps(recipe.to_json()))
    again = read_plain(said, reasons=recipe.reasons)
    assert again == recipe
    assert again.reasons == recipe.reasons
    assert again.to_json() == said


def test_a_recipe_is_frozen_all_the_way():
    with pytest.raises(FrozenInstanceError):
        SMALL.optimizer.lr = 1.0
    assert all(s.__dataclass_params__.frozen and s.__slots__ for s in SECTIONS)


def test_reasons_are_no_part_of_what_a_recipe_is():
    assert (
        Recipe(data=SMALL.data, objective=SMALL.objective, reasons={"a": "b"}) == SMALL
    )
    assert "reasons" not in SMALL.to_json()


def test_what_optimizers_and_stages_take_are_fields_of_their_section():
    for choices, section in ((OPTIMIZERS, Optimizer), (STAGES, Stage)):
        names = {f.name for f in fields(section)}
        assert {key for takes in choices.values() for key in takes} <= names
