"""Stages of a recipe against what each says, a step at a time."""

import pytest

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Data, Loop, Objective, Optimizer, Recipe, Stage
from wellfit.trainer.recipes.settings import optimizer_of, settings_of
from wellfit.trainer.recipes.stages import Lengths, schedule_of

LONG = Lengths(epoch=10, total=100)


def factors(*stages, steps=(0, 10, 50, 99), long=LONG):
    schedule = schedule_of(stages, long)
    state = schedule.initial()
    return [round(schedule.factor(step, state), 4) for step in steps]


def test_nothing_said_is_constant():
    assert factors() == [1, 1, 1, 1]


def test_stages_follow_each_other_and_share_what_is_left():
    stages = (
        Stage(name="warm-up", steps=10),
        Stage(name="constant", epochs=1.0, factor=0.5),
        Stage(name="linear", share=0.4),
        Stage(name="constant"),
        Stage(name="constant", factor=0.2),
    )
    found = factors(*stages, steps=(0, 5, 10, 19, 20, 40, 60, 79, 80))
    assert found == [0, 0.5, 0.5, 0.5, 1, 0.5, 1, 1, 0.2]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage(name="step", every=4, factor=0.5), [1, 1, 0.5, 0.25]),
        (Stage(name="exponential", factor=0.5), [1, 0.5, 0.5**5, 0.5**9.9]),
        (Stage(name="linear", floor=0.5), [1, 0.95, 0.75, 0.505]),
        (Stage(name="cosine"), [1, 0.9755, 0.5, 0.0002]),
        (Stage(name="cosine", cycles=2), [1, 0.9045, 1, 0.001]),
        (Stage(name="cosine", cycles=2, growth=4), [1, 0.5, 0.6913, 0.0004]),
        (Stage(name="piecewise", at=(1, 5), factors=(0.5, 0.1)), [1, 0.5, 0.1, 0.1]),
        (Stage(name="plateau"), [1, 1, 1, 1]),
        (Stage(name="cyclical", cycles=1, floor=0.0), [0, 0.2, 1, 0.02]),
    ],
    ids=lambda value: value.name if isinstance(value, Stage) else "",
)
def test_each_stage_does_what_it_says(stage, expected):
    assert factors(stage) == pytest.approx(expected, abs=1e-4)


def test_one_cycle_peaks_where_it_says():
    schedule = schedule_of((Stage(name="one-cycle", rise=0.3, floor=0.0),), LONG)
    rates = [schedule.factor(step) for step in range(100)]
    assert rates.index(max(rates)) == 29
    assert (rates[0], rates[-1]) == pytest.approx((1 / 25, 0), abs=1e-9)


def test_the_last_cosine_is_over_when_its_stage_is():
    stage = Stage(name="cosine", cycles=3, growth=2)
    for steps in range(200, 220):
        long = Lengths(epoch=10, total=steps)
        assert factors(stage, steps=[steps - 1], long=long)[0] < 0.02


def test_without_a_known_end_what_goes_on_as_it_is_needs_no_length():
    endless = Lengths(epoch=10, total=None)
    assert factors(Stage(name="constant"), long=endless) == [1, 1, 1, 1]
    with pytest.raises(BadSetting, match=r"schedule\.0: how long cosine lasts"):
        factors(Stage(name="cosine"), long=endless)
    stages = Stage(name="constant", steps=1), Stage(name="linear", share=0.1)
    with pytest.raises(BadSetting, match=r"schedule\.1: how long linear lasts"):
        factors(*stages, long=endless)


def test_the_engine_takes_what_the_recipe_says():
    recipe = Recipe(
        data=Data(source="a.csv"),
        objective=Objective(name="mse"),
        loop=Loop(epochs=3, steps=20, budget="2m", accumulate=4, clip=0.5),
        optimizer=Optimizer(
            name="sgd", lr=0.1, momentum=0.9, decay_norms=True, layer_decay=0.5
        ),
    )
    how = settings_of(recipe, epoch=10)
    limits = how.limits
    assert (limits.epochs, limits.steps, limits.seconds) == (3, 20, 120.0)
    assert (how.parts, how.clip_norm) == (4, 0.5)
    made = how.optimizer
    assert (made.name, made.rate, made.decay_all) == ("sgd", 0.1, True)
    assert (made.layer_rate, made.options) == (0.5, {"momentum": 0.9})
    assert optimizer_of(Optimizer(name="lbfgs", history=7)).options == {
        "history_size": 7
    }
