"""The search: the best of each round stays, until nothing is wrong any more."""

from math import nan

import pytest

from wellfit.core.plan import Change, Plan
from wellfit.core.verdict import Outcome
from wellfit.trials.proposals import Proposal
from wellfit.trials.search import SEEDS, Outlook, Search


def proposal(name, touches=None, **params):
    return Proposal(
        change=Change(change=name, params=params),
        rule="underfitting",
        touches=frozenset([touches or name]),
    )


A, B, C, D, E = (proposal(name) for name in "abcde")


def loss_of(gains, *, most=10**6, failing=()):
    """Trials of a made-up training, whose loss each change lowers by so much."""
    calls = []

    def try_(plan, seed):
        if len(calls) >= most:
            return None
        names = [one.change for one in plan.changes]
        calls.append((*names, seed))
        if any(name in failing for name in names):
            return nan
        return 10.0 + 0.01 * seed - sum(gains[name] for name in names)

    return try_, calls


def proposing(*proposals, well=()):
    """An outlook: always the same proposals, and which plans leave nothing wrong."""
    return lambda plan: Outlook(proposals=proposals, well=names(plan) in well)


def searching(try_, *proposals, well=(), greater=False, **said):
    return Search(
        greater_is_better=greater,
        try_=try_,
        outlook=proposing(*proposals, well=well),
        **said,
    )


def names(plan):
    return [one.change for one in plan.changes]


def test_what_helps_is_joined_the_best_first():
    try_, calls = loss_of({"a": 1.0, "b": -1.0, "c": 3.0})
    search = searching(try_, A, B, C)
    assert names(search.run()) == ["c", "a"]
    assert len(calls) == len({*calls})  # no trial is run twice
    assert ("b", SEEDS[1]) not in calls  # what does not help is not tried again
    assert ("a", SEEDS[1]) not in calls  # nor what helps less than another
    assert ("c", "b", SEEDS[0]) not in calls
    assert {v.outcome for v in search.tried} == {Outcome.TRIED}


def test_once_nothing_is_wrong_little_more_is_tried():
    try_, calls = loss_of({"a": 1.0, "b": 2.0, "c": 3.0, "d": 0.0, "e": 9.0})
    search = searching(try_, A, B, C, D, E, well=[["b"], ["c"]])
    assert names(search.run()) == ["c"]  # what makes it well first is no best
    assert {call[0] for call in calls if call[:-1]} == {"a", "b", "c", "d"}


def test_what_finds_nothing_to_change_is_not_tried_with_other_parameters():
    one, other = (proposal("a", norm=norm) for norm in (1, 2))
    try_, calls = loss_of({"a": 0.0, "b": 1.0})
    idle = {"a": frozenset("a")}
    search = searching(try_, one, other, B, idle=lambda plan: idle[names(plan)[0]])
    assert names(search.run()) == ["b"]
    assert calls.count(("a", SEEDS[0])) == 1


def test_where_a_margin_is_asked_less_is_no_help():
    try_, _ = loss_of({"a": 1.0, "b": 2.0})
    assert names(searching(try_, A, B, margin=1.5).run()) == ["b"]
    assert searching(try_, A, B, margin=2.5).run() == Plan()


def test_what_is_proposed_against_what_is_left_is_tried_next():
    try_, _ = loss_of({"a": 1.0, "b": 2.0})

    def outlook(plan):
        return Outlook(proposals=(B,) if names(plan) == ["a"] else (A,))

    search = Search(greater_is_better=False, try_=try_, outlook=outlook)
    assert names(search.run()) == ["a", "b"]


def test_what_is_tried_is_told_beside_the_script_as_it_is():
    try_, _ = loss_of({"a": 1.0, "c": 3.0})
    search = searching(try_, A, C)
    plan = search.run()
    told = {tuple(names(v.plan)): v for v in search.tried}
    assert told[*names(plan)].control == tuple(try_(Plan(), seed) for seed in SEEDS)
    assert told[*names(plan)].effect.median == pytest.approx(4.0)
    assert len(told) == len(search.tried)


def test_greater_may_be_better():
    try_, _ = loss_of({"a": -1.0, "b": 1.0, "c": 0.0})
    assert names(searching(try_, A, B, C, greater=True).run()) == ["a"]


def test_what_changes_the_same_thing_takes_its_place():
    one, two = (proposal("a", "rate", by=by) for by in (1, 2))

    def try_(plan, seed):
        return 10.0 - sum(change.params["by"] for change in plan.changes)

    (change,) = searching(try_, one, two).run().changes
    assert change.params == {"by": 2}


def test_a_change_that_fails_is_no_help():
    try_, _ = loss_of({"a": 1.0, "b": 9.0, "c": 0.0}, failing={"b"})
    search = searching(try_, A, B, C)
    assert names(search.run()) == ["a"]
    assert [v.outcome for v in search.tried].count(Outcome.FAILED) == 1


def test_a_change_of_a_training_that_fails_as_it_is_helps():
    def try_(plan, seed):
        return 1.0 if plan.changes else nan

    assert names(searching(try_, A).run()) == ["a"]


def test_a_change_that_helps_on_one_seed_alone_is_left():
    def try_(plan, seed):
        lucky = names(plan) == ["a"] and seed == SEEDS[0]
        return 1.0 - 9 * lucky - (names(plan) == ["b"])

    assert names(searching(try_, A, B).run()) == ["b"]
    assert names(searching(try_, A, B, seeds=SEEDS[:1]).run()) == ["a"]


@pytest.mark.parametrize("most", range(9))
def test_where_time_is_up_the_best_so_far_is_taken(most):
    try_, _ = loss_of({"a": 1.0, "b": 2.0, "c": -1.0}, most=most)
    found = searching(try_, A, B, C).run()
    assert names(found) in ([], ["a"], ["b"], ["b", "a"])
    if most >= 3:
        assert names(found)[0] == "b"
