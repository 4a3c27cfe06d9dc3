"""Noise, levels and falls against curves whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.run import Run
from wellfit.rules import curves


@pytest.mark.parametrize("slope", [0.0, -0.01, 3.0])
@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_noise_is_that_around_a_trend(slope: float, spread: float) -> None:
    rng = np.random.default_rng(0)
    values = slope * np.arange(4000) + spread * rng.standard_normal(4000)
    assert curves.noise(values) == pytest.approx(spread, rel=0.1)


def test_spikes_are_no_noise() -> None:
    values = np.sin(np.arange(500) / 50)
    values[::50] += 100
    assert curves.noise(values) < 0.01


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 5.0]])
def test_too_few_values_have_no_noise(values: list[float]) -> None:
    assert curves.noise(np.array(values)) == 0.0


def test_a_level_is_above_another_beyond_its_noise_alone() -> None:
    rng = np.random.default_rng(1)
    low, high = rng.normal(0, 1, 400), rng.normal(0.5, 1, 400)
    assert curves.level(high).above(curves.level(low))
    assert not curves.level(high[:6]).above(curves.level(low[:6]))


def test_a_signal_ends_where_it_breaks() -> None:
    run = Run.of(loss=[3.0, 2.0, float("inf"), 1.0], grad_norm=[float("nan")])
    until = curves.until_broken(run.get("loss"))
    assert until is not None
    assert until.values.tolist() == [3.0, 2.0]
    assert curves.until_broken(run.get("grad_norm")) is None
    assert curves.until_broken(None) is None


@given(
    height=st.floats(0.1, 100.0),
    steps=st.integers(30, 600),
    unit=st.floats(1e-6, 1e6),
)
def test_a_straight_fall_is_half_done_in_the_last_half(
    height: float, steps: int, unit: float
) -> None:
    fall = curves.falling(unit * np.linspace(height, 0.0, steps))
    assert fall.value == pytest.approx(unit * height / 2, rel=0.15)


def test_a_curve_that_has_bent_falls_no_more() -> None:
    rng = np.random.default_rng(2)
    values = 2.0 ** (-np.arange(600) / 30) + 0.05 * rng.standard_normal(600)
    fall = curves.falling(values)
    assert abs(fall.value) < 3 * fall.error


def test_sections_cover_the_curve_in_order() -> None:
    parts = curves.sections(np.arange(100.0), 4)
    assert [part.value for part in parts] == [12.0, 37.0, 62.0, 87.0]
    assert len(curves.sections(np.arange(3.0))) == 3


@pytest.mark.parametrize(
    ("heights", "rises"),
    [
        ([5.0, 4.0, 3.0, 2.0], 0.0),
        ([5.0, 2.0, 4.0, 1.0, 3.0], 4.0),
        ([1.0, 2.0, 3.0], 2.0),
        ([1.0, 1.2, 1.0, 1.2], 0.0),  # within the noise
    ],
)
def test_how_far_a_curve_went_up_again(heights: list[float], rises: float) -> None:
    parts = [curves.Level(height, 0.1) for height in heights]
    assert curves.undone(parts) == pytest.approx(rises)


def test_the_flattest_stretch_is_the_longest_and_the_last_of_two() -> None:
    heights = np.array([5.0, 3.0, 3.1, 2.9, 1.0, 0.9, 1.1])
    assert curves.flattest(heights, 0.25) == curves.Stretch(4, 7)
    assert curves.flattest(heights, 0.15).sections == 2
    assert curves.flattest(heights, 10.0).sections == 7
