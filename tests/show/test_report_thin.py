import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.run import Run, Signal
from wellfit.show.report.heat import edges, means
from wellfit.show.report.thin import settled, smooth, thin

numbers = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])


def signal(values: list[float]) -> Signal:
    return Run.of(loss=values).signal("loss")


@given(st.lists(numbers, min_size=1, max_size=300), st.integers(10, 40))
def test_thinning_keeps_extremes_ends_and_breaks(
    values: list[float], points: int
) -> None:
    whole = signal(values)
    kept = thin(whole, points)
    assert len(kept) <= 2 * points
    assert np.all(np.diff(kept.steps) > 0)
    assert {kept.steps[0], kept.steps[-1]} == {0, len(values) - 1}
    finite = whole.finite().values
    if len(finite):
        assert kept.finite().values.min() == finite.min()
        assert kept.finite().values.max() == finite.max()
    assert len(kept.finite()) < len(kept) or len(finite) == len(whole)


@given(st.lists(numbers, min_size=1, max_size=200))
def test_smoothing_stays_within_the_values(values: list[float]) -> None:
    eased = smooth(signal(values))
    finite = signal(values).finite().values
    assert np.all(np.isfinite(eased.values))
    if len(finite):
        slack = 1e-6 * np.abs(finite).max()
        assert eased.values.min() >= finite.min() - slack
        assert eased.values.max() <= finite.max() + slack


def test_a_noisy_signal_settles_at_its_mean() -> None:
    random = np.random.default_rng(0)
    assert settled(signal(random.normal(5, 1, 3000))) == pytest.approx(5, abs=0.3)
    assert settled(signal([1.0, 2.0])) == 2.0
    assert np.isnan(settled(signal([1.0] * 100 + [np.nan])))


def test_columns_hold_every_look_once() -> None:
    looks = Run.of({"a": dict.fromkeys(range(0, 5000, 7), 1.0), "b": {3: 4.0, 4999: 2}})
    bounds = edges(looks.signals.values(), 5_000)
    assert np.all(np.diff(bounds) > 0)
    assert bounds[0] == 0
    assert bounds[-1] == 5_000
    sparse = means(looks.signal("b"), bounds)
    assert np.nansum(sparse) == 6.0
    assert np.isnan(sparse).sum() == len(sparse) - 2
    assert np.nansum(means(looks.signal("b"), bounds, squared=True)) == 20.0
