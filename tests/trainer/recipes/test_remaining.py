"""How long a training will go on, at most."""

import time

from wellfit.trainer.recipes.remaining import Remaining


def begun(seconds):
    return time.monotonic() - seconds


def test_it_goes_on_as_it_went():
    remaining = Remaining(total=100, start=0, budget=None, begun=begun(10))
    assert abs(remaining.left(20) - 40) < 1
    assert remaining.left(100) == 0


def test_what_was_done_before_took_none_of_this_time():
    remaining = Remaining(total=100, start=50, budget=None, begun=begun(10))
    assert abs(remaining.left(60) - 40) < 1
    assert remaining.left(50) is None


def test_the_budget_ends_it_too():
    for total in (100, None):
        remaining = Remaining(total=total, start=0, budget=15.0, begun=begun(10))
        assert abs(remaining.left(1) - 5) < 1
    assert Remaining(total=None, start=0, budget=None, begun=begun(10)).left(1) is None
