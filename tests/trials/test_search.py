"""The search: what helps alone is kept, what helps together is joined."""

from math import nan

import pytest

from wellfit.core.plan import Change, Plan
from wellfit.core.verdict import Outcome
from wellfit.trials.proposals import Proposal
from wellfit.trials.search import SEEDS, Search


def proposal(name, touches=None, **params):
    return Proposal(
        change=Change(change=name, params=params),
        rule="underfitting",
        touches=frozenset([touches or name]),
    )


A, B, C = (proposal(name) for name in "abc")


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


def names(plan):
    return [one.change for one in plan.changes]


def test_what_helps_is_joined_the_best_first():
    try_, calls = loss_of({"a": 1.0, "b": -1.0, "c": 3.0})
    search = Search(greater_is_better=False, try_=try_)
    assert names(search.run([A, B, C])) == ["c", "a"]
    assert len(calls) == len({*calls})  # no trial is run twice
    assert ("b", SEEDS[1]) not in calls  # what does not help is not tried again
    assert {v.outcome for v in search.tried} == {Outcome.TRIED}


def test_greater_may_be_better():
    try_, _ = loss_of({"a": -1.0, "b": 1.0, "c": 0.0})
    search = Search(greater_is_better=True, try_=try_)
    assert names(search.run([A, B, C])) == ["a"]


def test_changes_of_the_same_thing_are_not_joined():
    one, two = (proposal("a", "rate", by=by) for by in (1, 2))
    try_, _ = loss_of({"a": 1.0})
    assert len(Search(greater_is_better=False, try_=try_).run([one, two]).changes) == 1


def test_a_change_that_fails_is_no_help():
    try_, _ = loss_of({"a": 1.0, "b": 9.0, "c": 0.0}, failing={"b"})
    search = Search(greater_is_better=False, try_=try_)
    assert names(search.run([A, B, C])) == ["a"]
    assert [v.outcome for v in search.tried][1] is Outcome.FAILED


def test_a_change_of_a_training_that_fails_as_it_is_helps():
    def try_(plan, seed):
        return 1.0 if plan.changes else nan

    assert names(Search(greater_is_better=False, try_=try_).run([A])) == ["a"]


@pytest.mark.parametrize("most", range(9))
def test_where_time_is_up_the_best_so_far_is_taken(most):
    try_, _ = loss_of({"a": 1.0, "b": 2.0, "c": -1.0}, most=most)
    found = Search(greater_is_better=False, try_=try_).run([A, B, C])
    assert names(found) in ([], ["a"], ["b"], ["b", "a"])
    if most >= 4:
        assert found != Plan()
