"""Forests as arrays: they grow again as they were, or are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.models.forest import FILE, FittedForest, Forest
from wellfit.models.model import Rows


def grown(classes, kind="extra", *, seed=0, rows=60, trees=5, gaps=0.2):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    x[rng.random(x.shape) < gaps] = np.nan
    y = rng.normal(size=rows)
    if classes:
        y = np.r_[0, classes - 1, rng.integers(0, classes, rows - 2)]
    model = Forest(classes=classes, seed=seed, kind=kind, trees=trees)
    return model.fit(Rows(x=x, y=y, categorical=()), None).fitted, x


@given(
    classes=st.sampled_from([0, 2, 3, 9]),
    kind=st.sampled_from(["extra", "random"]),
    seed=st.integers(0, 1000),
    rows=st.integers(3, 80),
    gaps=st.sampled_from([0.0, 0.3]),
)
def test_what_grows_again_predicts_bit_for_bit_the_same(
    tmp_path_factory, classes, kind, seed, rows, gaps
):
    folder = tmp_path_factory.mktemp("forest")
    made, x = grown(classes, kind, seed=seed, rows=rows, gaps=gaps)
    made.save(folder)
    again = FittedForest.load(folder, classes=classes)
    asked = np.vstack([x, 100 * x[::-1]])
    np.testing.assert_array_equal(again.predict(asked), made.predict(asked))
    again.save(folder)
    once_more = FittedForest.load(folder, classes=classes)
    np.testing.assert_array_equal(once_more.predict(asked), made.predict(asked))


def inner(said):
    return np.flatnonzero(said["left"] != -1)


def circle(said):
    said["left"][inner(said)[1]] = 0


def outside(said):
    said["right"][inner(said)[0]] = 10**6


def negative(said):
    said["right"][inner(said)[0]] = -7


def beside(said):
    said["feature"][inner(said)[0]] = 3


def shared(said):
    said["left"][0] = said["right"][0]


def alone(said):
    said["left"][0] = -1


def sizes(said):
    said["sizes"][0] += 1


def no_trees(said):
    said["sizes"] = said["sizes"][:0]


def short(said):
    said["threshold"] = said["threshold"][:-1]


def leaves(said):
    said["leaves"] = said["leaves"][:-1]


def columns(said):
    said["columns"][0] = 0


def strange(said):
    said["seen"][-1] = 40


def twice(said):
    said["seen"][:] = said["seen"][0]


def nan(said):
    said["leaves"][0] = np.nan


def renamed(said):
    said["lift"] = said.pop("left")


def text(said):
    said["left"] = said["left"].astype(str)


FORGED = [
    *(circle, outside, negative, beside, shared, alone, sizes, no_trees, short),
    *(leaves, columns, strange, twice, nan, renamed, text),
]


@pytest.mark.parametrize("forge", FORGED, ids=lambda f: f.__name__)
def test_what_leads_astray_is_refused(tmp_path, forge):
    grown(3)[0].save(tmp_path)
    with np.load(tmp_path / FILE) as file:
        said = {name: file[name] for name in file.files}
    forge(said)
    np.savez(tmp_path / FILE, **said)
    with pytest.raises(ValueError, match="npz"):
        FittedForest.load(tmp_path, classes=3)


def test_a_forest_of_another_task_is_refused(tmp_path):
    grown(0)[0].save(tmp_path)
    with pytest.raises(ValueError, match="another task"):
        FittedForest.load(tmp_path, classes=3)
