"""The recipe that is written for a table: by its numbers, which the reasons say."""

import re

import numpy as np
import pandas as pd
import pytest

from wellfit.core.errors import BadSetting, BadTable, UnknownName
from wellfit.core.text import parse_text
from wellfit.trainer.recipes import written
from wellfit.trainer.recipes.check import checked
from wellfit.trainer.recipes.propose import recipe_for


def houses(rows=600, seed=0, **columns):
    rng = np.random.default_rng(seed)
    size, age = rng.normal(size=(2, rows))
    frame = {
        "id": range(rows),
        "size": size,
        "age": age,
        "kind": rng.choice(["hut", "villa"], rows),
        "price": 2 * size - age + rng.normal(size=rows),
    }
    return pd.DataFrame(frame | columns)


def uniform(rows=600, seed=1):
    return np.random.default_rng(seed).random(rows)


def far(values, times=20):
    """A few of the values far out."""
    return np.where(uniform(len(values), 2) < 0.01, times * values + times, values)


# Each choice that a recipe makes, and what its reason must have: a number, mostly.
CHOICES = [
    "data.task", "data.split", "data.prepare.scaling", "data.prepare.imputation",
    "data.prepare.categories", "model.params.hidden", "model.params.dropout",
    "optimizer.lr", "optimizer.weight_decay", "loop.epochs", "loop.batch_size",
    "regularization.early_stopping", "precision.dtype",
]  # fmt: skip
IN_WORDS = [
    "data.split.by", "data.kinds.id", "model.name", "objective.name",
    "objective.metric", "optimizer.name", "schedule.0", "schedule.1",
]  # fmt: skip


def test_each_choice_has_its_reason_and_its_numbers():
    reasons = recipe_for(houses(), target="price").reasons
    for place in CHOICES:
        assert re.search(r"\d|no tail|no number", reasons[place]), place
    for place in IN_WORDS:
        assert len(reasons[place]) > 15, place


def test_every_reason_is_of_a_line_of_the_recipe():
    recipe = recipe_for(houses(), target="price")
    again = checked(parse_text(written(recipe), name="recipe.yaml"))
    assert again == recipe
    assert again.reasons == recipe.reasons


def test_the_same_table_and_seed_give_the_same_text():
    first = written(recipe_for(houses(), target="price", seed=3))
    assert first == written(recipe_for(houses(), target="price", seed=3))
    assert first != written(recipe_for(houses(), target="price", seed=4))


def test_outliers_in_the_target_ask_for_huber_and_for_clipping():
    frame = houses()
    plain = recipe_for(frame, target="price")
    assert (plain.objective.name, plain.loop.clip) == ("mse", None)
    recipe = recipe_for(frame.assign(price=far(frame["price"])), target="price")
    assert (recipe.objective.name, recipe.loop.clip) == ("huber", 1.0)
    assert re.search(
        r"^\d of 360 training targets stand apart", recipe.reasons["objective.name"]
    )


def test_heavy_tails_ask_for_robust_scaling():
    frame = houses()
    assert recipe_for(frame, target="price").data.prepare.scaling == "z-score"
    heavy = frame.assign(size=np.exp(2 * frame["size"]))
    recipe = recipe_for(heavy, target="price")
    assert recipe.data.prepare.scaling == "bounded"
    assert (
        "which 1 of 2 columns of numbers have"
        in (recipe.reasons["data.prepare.scaling"])
    )


@pytest.mark.parametrize(
    ("gaps", "heavy", "imputation"),
    [
        (0.0, False, "median"),
        (0.02, False, "mean"),
        (0.02, True, "median"),
        (0.3, False, "iterative"),
    ],
)
def test_imputation_goes_by_gaps_and_tails(gaps, heavy, imputation):
    frame = houses()
    size = np.exp(2 * frame["size"]) if heavy else frame["size"]
    recipe = recipe_for(frame.assign(size=size.mask(uniform() < gaps)), target="price")
    assert recipe.data.prepare.imputation == imputation
    if gaps:
        assert (
            "% of the numbers are missing" in recipe.reasons["data.prepare.imputation"]
        )


def test_many_levels_are_told_by_the_target():
    zips = [f"zip {i % 33}" for i in range(1200)]
    recipe = recipe_for(houses(1200, zip=zips), target="price")
    assert recipe.data.prepare.categories.beyond == "target"
    assert "'zip' has the most levels, 33" in recipe.reasons["data.prepare.categories"]


def test_a_rare_class_of_two_asks_for_a_threshold():
    rare = np.where(uniform() < 0.05, "yes", "no")
    recipe = recipe_for(houses(sold=rare), target="sold")
    assert recipe.objective.threshold == "tuned"
    assert recipe.data.split.by == "class"
    assert re.search(r"^yes is [45]\.\d%", recipe.reasons["objective.threshold"])
    even = recipe_for(
        houses(sold=np.where(uniform() < 0.5, "yes", "no")), target="sold"
    )
    assert even.objective.threshold is None


def test_a_scarce_class_of_many_asks_for_weights():
    grades = np.where(uniform() < 0.03, "a", np.where(uniform(seed=4) < 0.5, "b", "c"))
    recipe = recipe_for(houses(grade=grades), target="grade")
    assert recipe.objective.params["weights"] == "balanced"
    assert "a is 2.8% of" in recipe.reasons["objective.params.weights"]


@pytest.mark.parametrize(
    ("rows", "hidden", "batch"),
    [(100, [64], 32), (2000, [128, 64], 32), (20_000, [256, 128], 256)],
)
def test_width_and_batches_grow_with_the_rows(rows, hidden, batch):
    recipe = recipe_for(houses(rows), target="price")
    assert recipe.model.params["hidden"] == hidden
    assert recipe.loop.batch_size == batch


def test_what_was_asked_for_is_kept_and_said():
    days = pd.date_range("2020-01-01", periods=600).astype(str)
    recipe = recipe_for(
        houses(day=days), target="price", time="day", metric="mae", drop=["age"],
        kinds={"id": "number"}, task="regression", budget="5m",
    )  # fmt: skip
    assert (recipe.data.split.by, recipe.data.split.column) == ("time", "day")
    assert (recipe.objective.metric, recipe.loop.budget) == ("mae", "5m")
    assert recipe.data.drop == ("age",)
    for place in ("data.task", "data.drop", "data.kinds.id", "data.split.by"):
        assert recipe.reasons[place].startswith("as asked")


def test_validation_and_test_rows_change_nothing_that_is_chosen():
    frame = houses()
    first = recipe_for(frame, target="price")
    rows = np.random.default_rng(0).permutation(600)[:240]  # as split_at_random draws
    changed = frame.copy()
    changed.loc[rows, "size"] *= 100
    changed.loc[rows, "price"] += np.float64(1e3)
    again = recipe_for(changed, target="price")
    assert again == first
    assert {**again.reasons, "data.task": ""} == {**first.reasons, "data.task": ""}


def test_ten_thousand_columns_do_not_make_a_recipe_of_ten_thousand_lines():
    x = np.random.default_rng(0).normal(size=(60, 1000))
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(1000)]).assign(same=1)
    recipe = recipe_for(frame, target="c7")
    assert recipe.data.kinds == {"same": "constant"}


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"target": "prise"}, UnknownName),
        ({"target": "price", "metric": "rsme"}, UnknownName),
        ({"target": "price", "budget": "soon"}, BadSetting),
        ({"target": "same"}, BadTable),
    ],
)
def test_what_cannot_be_is_refused(how, error):
    with pytest.raises(error):
        recipe_for(houses(same=1), **how)
