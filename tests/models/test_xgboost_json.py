"""XGBoost's JSON: sound models pass as they are; whatever leads astray is refused."""

import json

import numpy as np
import pytest

from wellfit.models.model import Rows
from wellfit.models.xgboost import FittedXgBoost, XgBoost
from wellfit.models.xgboost_json import checked_json


def rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    x[:, 2] = rng.integers(0, 9, 300)
    x[::7, 0] = np.nan
    y = (np.nan_to_num(x[:, 0]) + (x[:, 2] % 3 == 1) > 0).astype(np.int64)
    return Rows(x=x, y=y, categorical=(2,))


@pytest.fixture(scope="module")
def raw():
    fitted = XgBoost(classes=2, rounds=5).fit(rows(), None).fitted
    return bytes(fitted.booster.save_raw("json"))


def test_a_sound_model_predicts_as_before(raw, tmp_path):
    (tmp_path / "xgboost.json").write_bytes(raw)
    loaded = FittedXgBoost.load(tmp_path, classes=2)
    fitted = XgBoost(classes=2, rounds=5).fit(rows(), None).fitted
    np.testing.assert_array_equal(loaded.predict(rows().x), fitted.predict(rows().x))


def trees(said):
    return said["learner"]["gradient_booster"]["model"]["trees"]


def changed(name, place, value):
    def change(said):
        trees(said)[0][name][place] = value

    return change


def dropped(said):
    del trees(said)[0]["split_indices"]


def of_categories(name, value):
    def change(said):
        tree = next(t for t in trees(said) if t["categories_nodes"])
        tree[name] = [value] * len(tree[name])

    return change


@pytest.mark.parametrize(
    "change",
    [
        changed("left_children", 0, 0),
        changed("left_children", 0, 10_000),
        changed("right_children", 0, -5),
        changed("right_children", 0, 1),
        changed("split_indices", 0, 3),
        changed("split_indices", 0, -1),
        changed("split_conditions", 0, float("nan")),
        changed("split_conditions", 0, "0"),
        changed("left_children", 0, True),
        changed("split_type", 0, 2),
        dropped,
        of_categories("categories_segments", 10_000),
        of_categories("categories_sizes", 10_000),
        of_categories("categories", -1),
        of_categories("categories_nodes", 0),
        lambda said: trees(said).clear(),
        lambda said: said["learner"].update(feature_types=["q", "float", "c"]),
        lambda said: said["learner"].update(feature_types=[]),
        lambda said: said.update(learner=[]),
    ],
)
def test_a_model_that_leads_astray_is_refused(raw, change):
    said = json.loads(raw)
    change(said)
    with pytest.raises(ValueError, match="XGBoost"):
        checked_json(json.dumps(said).encode(), classes=2)


def test_a_model_of_other_classes_is_refused(raw):
    said = json.loads(raw)
    trees(said).pop()
    with pytest.raises(ValueError, match="of so many classes"):
        checked_json(json.dumps(said).encode(), classes=3)
