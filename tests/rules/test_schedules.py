"""What the learning rate did."""

import pytest

from wellfit.core.run import Run
from wellfit.rules import schedules

WARM_RESTARTS = {0: 0.1, 50: 0.05, 99: 0.001, 100: 0.1, 150: 0.05, 199: 0.001}


@pytest.mark.parametrize(
    ("rate", "cyclical"),
    [
        (WARM_RESTARTS, True),
        ({0: 0.001, 50: 0.01, 100: 0.1, 150: 0.05, 300: 0.001}, False),  # warm-up
        ({0: 0.1, 100: 0.01, 200: 0.001}, False),  # stairs
        ({0: 0.1}, False),
        ({0: 0.1, 10: 0.05, 20: 0.1, 30: 0.05, 40: 0.1}, True),
    ],
)
def test_cycles(rate: dict[int, float], cyclical: bool) -> None:
    assert schedules.cyclical(Run.of(learning_rate=rate)) is cyclical


def test_a_rate_that_died() -> None:
    run = Run.of(learning_rate={0: 0.1, 100: 1e-7})
    assert schedules.dead(run, 100, 500, 0.02)
    assert not schedules.dead(run, 0, 100, 0.02)
    assert not schedules.dead(Run.of(), 0, 100, 0.02)


def test_falls_and_rises_between_two_steps() -> None:
    run = Run.of(learning_rate={0: 0.1, 100: 0.01, 200: 0.1})
    assert schedules.drops(run, 50, 150)
    assert not schedules.drops(run, 100, 150)
    assert schedules.rises(run, 150, 250)
    assert not schedules.rises(Run.of(), 150, 250)
