"""The linear model beside scikit-learn's own, of which it keeps the numbers."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from wellfit.models.linear import FILE, FittedLinear, Linear
from wellfit.models.model import Rows


def rows(classes, seen):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 4)).astype(np.float32)
    y = x[:, 0] + rng.normal(size=90)
    if classes:
        y = np.asarray(seen)[np.argsort(np.argsort(y)) * len(seen) // 90]
    return Rows(x=x, y=y, categorical=())


@pytest.mark.parametrize(
    ("classes", "seen"),
    [(0, ()), (2, (0, 1)), (3, (0, 1, 2)), (5, (1, 3)), (4, (0, 2, 3))],
)
def test_it_predicts_as_scikit_learn_does(tmp_path, classes, seen):
    train = rows(classes, seen)
    fitted = Linear(classes=classes).fit(train, None).fitted
    out = fitted.predict(train.x)
    if not classes:
        expected = Ridge(alpha=1).fit(train.x.astype(float), train.y).predict(train.x)
    else:
        peer = LogisticRegression(C=1, max_iter=200).fit(train.x, train.y)
        expected = np.zeros((90, classes))
        expected[:, list(seen)] = peer.predict_proba(train.x)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    fitted.save(tmp_path)
    again = FittedLinear.load(tmp_path, classes=classes)
    np.testing.assert_array_equal(again.predict(train.x), out)
    assert np.isfinite(fitted.predict(1e30 * train.x)).all()


@pytest.mark.parametrize(
    "changed",
    [
        {"weights": np.ones((2, 4))},
        {"biases": np.ones(1)},
        {"seen": np.array([0, 1, 3])},
        {"seen": np.array([0, 2, 1])},
        {"seen": np.array([-1, 0, 1])},
        {"seen": np.array([1])},
        {"weights": np.full((3, 4), np.nan)},
        {"weights": np.ones(4)},
    ],
)
def test_numbers_that_do_not_fit_each_other_are_refused(tmp_path, changed):
    Linear(classes=3).fit(rows(3, (0, 1, 2)), None).fitted.save(tmp_path)
    with np.load(tmp_path / FILE) as file:
        said = {name: file[name] for name in file.files}
    np.savez(tmp_path / FILE, **(said | changed))
    with pytest.raises(ValueError, match=r"linear\.npz"):
        FittedLinear.load(tmp_path, classes=3)
