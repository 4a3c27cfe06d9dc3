"""Schedules as values: states, plain data, and what is impossible."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.schedules.composed import Product, Restarts, Sequence, WarmUp
from wellfit.schedules.cycles import Cyclical, OneCycle
from wellfit.schedules.decay import Cosine, Exponential, Linear, Piecewise, StepDecay
from wellfit.schedules.named import SCHEDULES, schedule_data, schedule_from
from wellfit.schedules.plateau import Plateau
from wellfit.schedules.schedule import Constant, state_of

PLATEAU = Plateau(rate=0.5, patience=0)
EACH = [
    Constant(value=0.5),
    StepDecay(every=3),
    Exponential(rate=0.9, every=2),
    Linear(steps=5),
    Cosine(steps=5, floor=0.1),
    Piecewise(at=(2, 4), values=(1.0, 0.5, 0.1)),
    PLATEAU,
    Cyclical(rising=3),
    OneCycle(steps=10),
    WarmUp(steps=3, then=PLATEAU),
    Sequence(parts=(Constant(), PLATEAU), at=(3,)),
    Restarts(of=Cosine(steps=4), steps=4, growth=2),
    Product(parts=(Cosine(steps=9), PLATEAU)),
]


def test_each_is_here():
    assert {type(schedule) for schedule in EACH} == set(SCHEDULES.values())


@pytest.mark.parametrize("schedule", EACH, ids=lambda s: type(s).__name__)
def test_it_survives_json(schedule):
    said = json.loads(json.dumps(schedule_data(schedule)))
    assert schedule_from(said) == schedule


@pytest.mark.parametrize("schedule", EACH, ids=lambda s: type(s).__name__)
def test_its_state_survives_json(schedule):
    state = schedule.initial()
    for step, loss in enumerate((3.0, 2.0, 2.5, 2.5, 1.0, 1.0)):
        state = schedule.tell(state, step, {"val/loss": loss})
        assert state_of(json.loads(json.dumps(state))) == state


def test_a_plateau_within_is_told_only_once_it_is_reached():
    for schedule in (
        WarmUp(steps=3, then=PLATEAU),
        Sequence(parts=(Constant(), PLATEAU), at=(3,)),
    ):
        state = schedule.initial()
        for step in range(5):
            state = schedule.tell(state, step, {"val/loss": 1.0})
        assert schedule.factor(5, state) == 0.5


def test_a_plateau_of_a_metric_that_is_not_there_says_so():
    with pytest.raises(UnknownName, match="did you mean 'val/auc'"):
        Plateau(metric="val/acu").tell((None, 0, 0, 1.0), 0, {"val/auc": 0.5})


@given(st.integers(1, 50), st.integers(1, 4), st.integers(0, 5000))
def test_a_cycle_begins_where_the_one_before_ends(steps, growth, step):
    schedule = Restarts(of=Linear(steps=steps), steps=steps, growth=growth)
    begin, length = 0, steps
    while begin + length <= step:
        begin, length = begin + length, length * growth
    assert schedule.factor(step) == pytest.approx(1 - (step - begin) / length)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Cosine(steps=0), "steps must be above 0; got steps=0"),
        (lambda: Piecewise(at=(3,), values=(1.0,)), "one value more than steps"),
        (lambda: Piecewise(at=(3, 3), values=(1.0, 0.5, 0.1)), "must rise"),
        (lambda: Plateau(rate=2), "between 0 and 1; got rate=2"),
        (lambda: OneCycle(steps=2), "steps to rise and steps to fall"),
        (lambda: Sequence(parts=(Constant(),), at=(1,)), "one schedule more"),
        (lambda: Restarts(of=Constant(), steps=3, growth=0), "growth must be"),
        (lambda: schedule_from({"name": "cosine"}), "'cosine' needs steps"),
    ],
)
def test_what_is_impossible_is_said(make, said):
    with pytest.raises(BadSetting, match=said):
        make()


def test_an_unknown_parameter_is_named_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'steps'"):
        schedule_from({"name": "cosine", "step": 3})
