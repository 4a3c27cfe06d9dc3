"""A recipe as text: written, read, and written the same again."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.made_recipes import NAMES, recipes
from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Data, Objective, Recipe
from wellfit.core.text import parse_text
from wellfit.core.written import WIDTH, written
from wellfit.trainer.recipes import read_recipe
from wellfit.trainer.recipes.check import checked


@given(recipes())
def test_what_is_written_is_read_back_with_its_reasons(recipe):
    text = written(recipe)
    again = checked(parse_text(text, name="recipe.yaml"))
    assert again == recipe
    assert again.reasons == recipe.reasons
    assert written(again) == text


@given(recipes())
def test_other_readers_of_yaml_read_the_same(recipe):
    text = written(recipe)
    theirs = yaml.safe_load(text)
    assert theirs == parse_text(text, name="recipe.yaml").data


@given(NAMES)
def test_any_column_name_can_be_a_target(name):
    recipe = Recipe(
        data=Data(source="a.csv", target=name), objective=Objective(name="mse")
    )
    assert checked(parse_text(written(recipe), name="r")).data.target == name


REASONS = {
    "data.target": "short",
    "objective": "long, " * 40 + "and over",
    "optimizer.lr": "between " * 8,
    "loop": "with a # in it, and 'quotes'",
}


def test_a_reason_stands_beside_its_line_or_above_where_that_is_too_long():
    recipe = Recipe(
        data=Data(source="a.csv", target="y"),
        objective=Objective(name="mse"),
        reasons={place: " ".join(said.split()) for place, said in REASONS.items()},
    )
    text = written(recipe)
    assert "  target: y  # short\n" in text
    assert "\n\n# long, long," in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert checked(parse_text(text, name="r")).reasons == recipe.reasons


def test_a_users_own_comments_become_reasons(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "# mine\n\ndata:\n  # the new ones\n  source: 'a # b.csv'  # of May\n"
        "objective: {name: mse}\n"
    )
    recipe = read_recipe(path)
    assert recipe.reasons == {"data.source": "the new ones of May"}
    assert recipe.data.source == "a # b.csv"


@pytest.mark.parametrize("number", [1e-05, 1e22, 0.1, 3.0, 5e-324])
def test_numbers_stay_what_they_are(number):
    recipe = Recipe(
        data=Data(source="a"), objective=Objective(name="f:g", params={"x": number})
    )
    again = checked(parse_text(written(recipe), name="r"))
    assert again.objective == recipe.objective


@given(st.text(max_size=200) | st.text("a:- #\n[]{}&*!\"'|0", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text):
    said = ""
    try:
        checked(parse_text(text, name="r.yaml"))
    except BadSetting as error:
        said = str(error)
    assert said
    assert "\n" not in said
