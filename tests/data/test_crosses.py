"""Crosses and polynomials: products from the centres, pairs of levels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.core.recipe import Categories, Preparing
from wellfit.data.columns import Kind
from wellfit.data.prepare import prepare
from wellfit.data.profile import kinds_of

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(50, 5, 200),
        "age": RNG.exponential(size=200),
        "colour": RNG.choice(["red", "blue", None], 200),
        "shape": RNG.choice(["round", "square"], 200),
        "sold": RNG.choice(["yes", "no"], 200),
        "note": [f"this is the note of row {i}" for i in range(200)],
    }
)
KINDS = kinds_of(FRAME)


def features(view="dense", frame=FRAME, **how):
    found = prepare(FRAME, KINDS, how=Preparing(**how)).apply(frame, view)
    return dict(zip(found.names, found.x.T, strict=True))


def test_products_and_powers_are_scikit_learns():
    plain = StandardScaler().fit_transform(FRAME[["size", "age"]])
    twin = PolynomialFeatures(degree=3, include_bias=False).fit(plain)
    names = twin.get_feature_names_out(["size", "age"])
    theirs = dict(zip(names, twin.transform(plain).T, strict=True))
    ours = features(scaling="none", crosses=(("size", "age"),), polynomials={"size": 3})
    assert ours["size × age"] == pytest.approx(theirs["size age"], rel=1e-4, abs=1e-5)
    assert ours["size^2"] == pytest.approx(theirs["size^2"], rel=1e-4, abs=1e-5)
    assert ours["size^3"] == pytest.approx(theirs["size^3"], rel=1e-4, abs=1e-5)


def test_a_product_is_scaled_as_the_numbers_are():
    scaled = features(scaling="z-score", crosses=(("size", "age"),))["size × age"]
    assert (scaled.mean(), scaled.std()) == pytest.approx((0, 1), abs=1e-5)


def test_a_pair_is_a_category_of_both_levels():
    found = features(crosses=(("colour", "shape"),))
    both = (FRAME["colour"] == "red") & (FRAME["shape"] == "round")
    np.testing.assert_array_equal(found["colour × shape=red × round"], both)
    gaps = FRAME["colour"].isna()
    np.testing.assert_array_equal(found["colour × shape is missing"], gaps)


def test_a_yes_and_no_crosses_with_either():
    assert "size × sold" in features(crosses=(("size", "sold"),))
    assert "colour × sold=red × yes" in features(crosses=(("colour", "sold"),))


def test_trees_get_them_too():
    found = features("coded", crosses=(("size", "age"), ("colour", "shape")))
    assert "size × age" in found
    assert np.nanmax(found["colour × shape"]) == 3


def test_new_rows_are_measured_by_the_training_rows():
    far = FRAME.assign(size=FRAME["size"] + 5)
    how = {"scaling": "none", "polynomials": {"size": 2}}
    center, scale = FRAME["size"].mean(), FRAME["size"].std(ddof=0)
    assert features(frame=far, **how)["size^2"] == pytest.approx(
        ((far["size"] - center) / scale) ** 2, rel=1e-4, abs=1e-5
    )


def test_gaps_stay_gaps_until_they_are_filled():
    holed = FRAME.assign(age=np.nan)
    assert np.isnan(
        features("coded", holed, crosses=(("size", "age"),))["size × age"]
    ).all()
    assert np.isfinite(
        features("dense", holed, crosses=(("size", "age"),))["size × age"]
    ).all()


def test_a_pair_of_many_levels_is_told_by_the_target():
    how = Preparing(
        crosses=(("colour", "shape"),),
        categories=Categories(rare=1, most=3, beyond="target"),
    )
    told = RNG.normal(size=(200, 1))
    prepared = prepare(FRAME, KINDS, how=how, told=told)
    inside = prepared.apply_training(FRAME, "dense", told, seed=0)
    assert "colour × shape" in inside.names
    assert np.any(inside.x != prepared.apply(FRAME, "dense").x)


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"crosses": (("size", "colour"),)}, BadSetting, r"'size' \(number\) and"),
        ({"crosses": (("size", "agee"),)}, UnknownName, "did you mean 'age'"),
        ({"crosses": (("size", "note"),)}, UnknownName, "column to learn from 'note'"),
        ({"polynomials": {"colour": 2}}, BadSetting, "'colour' is category"),
    ],
)
def test_what_cannot_be_crossed_is_refused(how, error, said):
    with pytest.raises(error, match=said):
        features(**how)


def test_a_date_is_no_number_to_cross():
    frame = FRAME.assign(day=pd.date_range("2020-01-01", periods=200))
    kinds = {**KINDS, "day": Kind.DATE}
    with pytest.raises(
        BadSetting, match="got 'size' \\(number\\) and 'day' \\(date\\)"
    ):
        prepare(frame, kinds, how=Preparing(crosses=(("size", "day"),)))
