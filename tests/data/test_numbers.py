"""Numbers: each scaling and filling, against scikit-learn's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from wellfit.data.numbers import BOUND, learn_number, number_features, scaled

TWINS = {
    "min-max": MinMaxScaler(),
    "z-score": StandardScaler(),
    "robust": RobustScaler(unit_variance=True),
}
SCALINGS = ["none", *TWINS, "bounded"]
numbers = st.lists(
    st.integers(-(10**9), 10**9).map(lambda n: n / 1000), min_size=2, max_size=50
).map(np.array)


@pytest.mark.parametrize("scaling", TWINS)
@given(values=numbers, new=numbers)
def test_scaling_is_scikit_learns(scaling, values, new):
    spread = np.ptp(np.quantile(values, [0.25, 0.75]))
    if spread == 0:  # then ours is the deviation, and theirs none
        return
    twin = TWINS[scaling].fit(values[:, None])
    ours = scaled(learn_number(values, "x", scaling=scaling), new)
    assert ours == pytest.approx(twin.transform(new[:, None])[:, 0], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("imputation", ["mean", "median"])
@given(values=numbers, gaps=st.integers(0, 5))
def test_filling_is_scikit_learns(imputation, values, gaps):
    holed = np.concatenate([values, np.full(gaps, np.nan)])
    twin = SimpleImputer(strategy=imputation).fit(holed[:, None])
    ours = learn_number(holed, "x", imputation=imputation)
    assert ours.fill == pytest.approx(twin.statistics_[0], rel=1e-9, abs=1e-6)
    assert ours.gaps == bool(gaps)


@pytest.mark.parametrize("scaling", SCALINGS)
@given(
    values=st.lists(st.floats(width=64) | st.none(), min_size=1, max_size=30),
    new=st.lists(st.floats(width=64) | st.none(), min_size=1, max_size=30),
)
def test_any_numbers_become_finite_ones(scaling, values, new):
    rule = learn_number(finite(values), "x", scaling=scaling)
    x = number_features([rule], [finite(new)], ["x"], "dense").x
    assert np.isfinite(x).all()
    if scaling == "bounded":
        assert np.abs(x).max() <= BOUND


def finite(values):
    found = np.array(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


@pytest.mark.parametrize("scaling", SCALINGS)
@given(values=numbers)
def test_scaling_keeps_the_order(scaling, values):
    ordered = np.sort(values)
    x = scaled(learn_number(values, "x", scaling=scaling), ordered)
    assert np.all(np.diff(x) >= 0)


def test_a_single_value_is_its_own_centre():
    for scaling in ("min-max", "z-score", "robust", "bounded"):
        rule = learn_number(np.full(9, 7.0), "x", scaling=scaling)
        assert (rule.center, rule.scale) == (7.0, 1.0)
