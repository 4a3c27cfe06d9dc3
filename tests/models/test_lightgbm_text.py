"""Model texts that would lead LightGBM astray are refused before it reads them."""

import re

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.models.lightgbm_text import checked_text


def text_of(classes):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=300), rng.integers(0, 6, 300)])
    y = x[:, 0] + 2 * (x[:, 1] == 3)
    how = {"num_leaves": 6, "min_data_per_group": 5, "num_threads": 1, "verbosity": -1}
    if classes:
        y = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
        how["objective"] = "binary" if classes == 2 else "multiclass"
        how |= {} if classes == 2 else {"num_class": classes}
    data = lgb.Dataset(x, y, categorical_feature=[1])
    return lgb.train(how, data, 3).model_to_string()


TEXTS = {classes: text_of(classes) for classes in (0, 2, 3)}
ROWS = np.array([[0.0, 3.0], [np.nan, np.nan], [1e9, -5.0]])


@pytest.mark.parametrize("classes", TEXTS)
def test_the_same_model_comes_out(classes):
    again = lgb.Booster(model_str=checked_text(TEXTS[classes], classes=classes))
    before = lgb.Booster(model_str=TEXTS[classes])
    np.testing.assert_array_equal(again.predict(ROWS), before.predict(ROWS))


def test_a_model_of_constants_comes_out():
    how = {"verbosity": -1, "min_data_in_leaf": 100}
    rows = lgb.Dataset(np.ones((20, 2)), np.arange(20.0))
    text = lgb.train(how, rows, 2).model_to_string()
    again = lgb.Booster(model_str=checked_text(text, classes=0))
    assert again.predict(ROWS) == pytest.approx([9.5] * len(ROWS))


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"split_feature=\d+", "split_feature=7"),
        (r"split_feature=\d+", "split_feature=-1"),
        (r"left_child=-?\d+", "left_child=99"),
        (r"left_child=-?\d+", "left_child=0"),
        (r"right_child=-?\d+", "right_child=-99"),
        (r"leaf_value=\S+ ", "leaf_value="),
        (r"leaf_value=\S+ ", "leaf_value=nan "),
        (r"threshold=\S+ ", "threshold="),
        (r"decision_type=\d+", "decision_type=64"),
        (r"cat_boundaries=0 \d+", "cat_boundaries=0 99"),
        (r"cat_boundaries=0 \d+", "cat_boundaries="),
        (r"cat_threshold=\d+", "cat_threshold=99999999999"),
        (r"is_linear=0", "is_linear=1"),
        (r"Tree=1\n", ""),
        (r"end of trees", ""),
        (r"max_feature_idx=\d+", "max_feature_idx=0"),
        (r"left_child=", "left_cild="),
        (r"(?s).*", ""),
    ],
)
def test_a_place_that_does_not_exist_is_refused(pattern, instead):
    broken = re.sub(pattern, instead, TEXTS[0], count=1)
    assert broken != TEXTS[0]
    with pytest.raises(ValueError, match="LightGBM"):
        checked_text(broken, classes=0)


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match="so many classes"):
        checked_text(TEXTS[0], classes=4)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, TEXTS[0].index("end of trees")), st.characters(codec="ascii"))
def test_what_passes_does_not_crash_lightgbm(place, character):
    broken = TEXTS[0][:place] + character + TEXTS[0][place + 1 :]
    try:
        text = checked_text(broken, classes=0)
    except ValueError:
        return
    assert np.isfinite(lgb.Booster(model_str=text).predict(ROWS)).all()
