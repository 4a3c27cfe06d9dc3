"""When steps are looked at: the budget is kept, and no training goes unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.taps import looks as module
from wellfit.taps.looks import ALARM, FIRST, LOAN, TOGETHER, Looks


class Clock:
    """Stands still, but for what a simulated training takes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def simulated(
    steps: int,
    *,
    step: float,
    look: float,
    every: int | None = None,
    alarm: int | None = None,
) -> tuple[Looks, list[int]]:
    """A training of steps and looks of so many seconds, and which it looked at."""
    clock, seen = Clock(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "perf_counter", clock)
        looks = Looks(overhead=0.02, every=every)
        looks.begin()
        for number in range(steps):
            if number == alarm:
                looks.alarm(number)
            if looks.due(number):
                seen.append(number)
                clock.now += look
                looks.took(number, look, step + look)
            clock.now += step
            looks.usual(step)
    return looks, seen


@given(st.integers(1, 3000), st.floats(1e-4, 0.2), st.floats(1e-4, 0.02))
def test_looks_take_what_they_may(steps, step, look) -> None:
    found, seen = simulated(steps, step=step, look=look)
    assert seen[:2] == list(range(min(steps, 2)))
    whole = 0.02 * steps * (step + look)
    assert found.spent <= max(LOAN, whole) + (TOGETHER + 2) * look
    assert found.taken == len(seen)


@given(st.integers(4, 3000), st.floats(1e-4, 0.2))
def test_a_training_is_seen_to_its_end_where_looks_are_cheap(steps, step) -> None:
    _, seen = simulated(steps, step=step, look=1e-4)
    assert seen[:FIRST] == list(range(min(steps, FIRST)))
    assert max(seen) >= (steps - 1) // 2 - 1


def test_a_slow_training_is_looked_at_as_far_as_it_pays() -> None:
    _, seen = simulated(1000, step=0.1, look=0.02)
    assert seen[:2] == [0, 1]
    assert 20 <= len(seen) <= 100  # 2 s of 100 s would be 100 looks
    assert max(seen) > 900


def test_after_an_alarm_the_next_steps_are_looked_at_once() -> None:
    _, calm = simulated(400, step=0.01, look=0.005)
    _, seen = simulated(400, step=0.01, look=0.005, alarm=200)
    assert set(range(200, 200 + ALARM)) <= set(seen)
    assert not set(range(200, 200 + ALARM)) <= set(calm)


def test_every_so_manieth_step_at_any_price() -> None:
    _, seen = simulated(100, step=0.01, look=1.0, every=10)
    assert seen == list(range(0, 100, 10))
