"""`--set key=value`: in place of what the recipe says."""

import pytest

from wellfit.core.errors import BadSetting
from wellfit.core.text import parse_text
from wellfit.trainer.recipes.check import checked
from wellfit.trainer.recipes.overrides import overridden, parse_override

TEXT = """\
data: {source: a.csv, target: y, task: regression}
objective:
  name: huber  # for the outliers
  params: {delta: 2.0}
optimizer: {name: adamw, lr: 0.1, betas: [0.9, 0.99]}
schedule:
  - {name: warm-up, steps: 10}
  - {name: cosine, floor: 0.1}
"""


def given(*pairs: str):
    asked = [parse_override(pair) for pair in pairs]
    return checked(overridden(parse_text(TEXT, name="r.yaml"), asked))


def test_values_are_typed_and_reasons_say_that_they_were_asked_for():
    recipe = given("optimizer.lr=1e-2", "seed=3", "loop.keep=[best, 2]")
    assert (recipe.optimizer.lr, recipe.seed) == (0.01, 3)
    assert recipe.loop.keep == ("best", 2)
    assert recipe.reasons["optimizer.lr"] == "as asked"
    assert recipe.reasons["objective.name"] == "for the outliers"


def test_items_of_lists_and_sections_that_are_not_there_can_be_set():
    recipe = given("schedule.1.floor=0.5", "regularization.early_stopping.patience=3")
    assert recipe.schedule[1].floor == 0.5
    assert recipe.regularization.early_stopping.patience == 3
    assert given("data.kinds={zip: text}").data.kinds == {"zip": "text"}
    assert given("loop.epochs=null", "loop.steps=9").loop.epochs is None


def test_a_new_name_takes_what_only_the_old_one_had_with_it():
    recipe = given("optimizer.momentum=0.5", "optimizer.name=sgd")
    assert (recipe.optimizer.momentum, recipe.optimizer.betas) == (0.5, None)
    assert recipe.optimizer.lr == 0.1
    assert given("objective.name=mse").objective.params == {}
    assert given("schedule.1.name=step").schedule[1].floor is None


def test_the_later_of_two_is_taken():
    assert given("seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        (
            "optimizer.lr=zero",
            "optimizer.lr must be a number above 0 or 'auto'; got 'zero'",
        ),
        ("optimizer.lrate=1", "optimizer has no key 'lrate'; did you mean 'lr'?"),
        ("lr=0.1", "a recipe has no key 'lr'; did you mean 'optimizer.lr'?"),
        ("lop.epochs=3", "a recipe has no key 'lop'; did you mean 'loop'?"),
        ("loop.clip=[]", "loop.clip must be a number above 0; got []"),
        ("optimizer.lr.x=1", "optimizer.lr is a value, and has no keys"),
        ("schedule.2.floor=0", "schedule has 2 items, counted from 0; got 2"),
        ("schedule.first=0", "schedule has 2 items, counted from 0; got 'first'"),
        (
            "regularization.early_stopping.restore=no",
            "regularization.early_stopping.restore must be true or false; got 'no'",
        ),
    ],
)
def test_what_cannot_be_set_is_refused(pair, sentence):
    with pytest.raises(BadSetting) as wrong:
        given(pair)
    assert str(wrong.value) == f"--set {pair}: {sentence}"


@pytest.mark.parametrize("pair", ["seed", "=3"])
def test_what_is_no_pair_is_refused(pair):
    with pytest.raises(BadSetting, match=r"takes key=value, such as optimizer.lr=0.1"):
        given(pair)


def test_a_value_that_is_no_yaml_is_refused():
    with pytest.raises(BadSetting, match=r"^--set loop.keep=\[a, line 1: this is not"):
        given("loop.keep=[a")
