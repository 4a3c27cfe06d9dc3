"""What is particular to each candidate; what is common is in check_model."""

import numpy as np
import pytest
import torch

from wellfit.models.model import Rows, loss_of
from wellfit.objectives.metrics import accuracy, auc, r2, rmse
from wellfit.trainer.candidates import candidate


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def rows(classes, seed, count=200):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 3)).astype(np.float32)
    y = 100 + 5 * x[:, 0] + rng.normal(size=count)
    if classes:
        edges = 100 + 5 * np.linspace(-1, 1, classes + 1)[1:-1]
        y = np.digitize(y, edges).astype(np.int64)
    return Rows(x=x, y=y)


def told_of(name, classes):
    told = []
    train, validation = rows(classes, 0), rows(classes, 1)
    fit = candidate(name, classes=classes, seed=0).fit(
        train, validation, lambda done: told.append(done) or True
    )
    return fit, told, validation


@pytest.mark.parametrize(
    ("classes", "measures"),
    [
        (0, {"val/rmse": rmse, "val/r2": r2}),
        (2, {"val/auc": auc, "val/accuracy": accuracy}),
        (3, {"val/accuracy": accuracy}),
    ],
)
def test_what_boosting_tells_by_round_is_what_the_model_scores(classes, measures):
    fit, told, validation = told_of("lightgbm", classes)
    best = told[fit.settled.rounds - 1]
    out = fit.fitted.predict(validation.x)
    assert best.step == fit.settled.rounds < len(told)
    assert best.signals["val/loss"] == pytest.approx(loss_of(out, validation.y))
    for name, measure in measures.items():
        assert best.signals[name] == pytest.approx(measure(out, validation.y))
    losses = [done.signals["val/loss"] for done in told]
    assert losses[fit.settled.rounds - 1] == min(losses)


@pytest.mark.parametrize("classes", [0, 3])
def test_the_networks_best_epoch_is_kept(classes):
    fit, told, validation = told_of("mlp", classes)
    losses = [done.signals["val/loss"] for done in told]
    assert losses[fit.settled.epochs - 1] == min(losses)
    found = loss_of(fit.fitted.predict(validation.x), validation.y)
    unit = 1 if classes else rows(classes, 0).y.std() ** 2
    assert found / unit == pytest.approx(min(losses), rel=1e-4)


def test_the_network_leaves_threads_and_random_states_as_they_were():
    torch.set_num_threads(2)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    told_of("mlp", 0)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == 2


def test_noise_is_met_with_a_strong_linear_model_and_signal_with_a_weak_one():
    rng = np.random.default_rng(0)

    def strength(noise):
        x = rng.normal(size=(120, 40))
        y = x[:, 0] + noise * rng.normal(size=120)
        train, validation = Rows(x=x[:60], y=y[:60]), Rows(x=x[60:], y=y[60:])
        return candidate("linear", classes=0, seed=0).fit(train, validation).settled

    assert strength(noise=3.0).strength > strength(noise=0.01).strength


@pytest.mark.parametrize("name", ["trivial", "linear", "lightgbm", "mlp"])
def test_a_class_that_training_has_no_row_of_is_borne(name):
    train, validation = rows(3, 0), rows(3, 1)
    seen = train.y != 1
    fit = candidate(name, classes=4, seed=0).fit(
        Rows(x=train.x[seen], y=train.y[seen]), validation
    )
    out = fit.fitted.predict(validation.x)
    assert out.shape == (len(validation), 4)
    assert np.isfinite(out).all()
    assert out[:, 3].max() < 0.5


def test_boosting_takes_codes_as_categories_and_gaps_as_gaps():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 12, 600).astype(float)
    codes[::10] = np.nan
    y = np.where(codes % 2 == 1, 10.0, 0.0) + 0.1 * rng.normal(size=600)
    table = Rows(x=codes[:, None], y=y, categorical=(0,))
    fit = candidate("lightgbm", classes=0, seed=0).fit(table, table)
    out = fit.fitted.predict(np.array([[1.0], [2.0], [np.nan], [99.0]]))
    assert out[0] == pytest.approx(10, abs=1)
    assert out[1] == pytest.approx(0, abs=1)
    assert np.isfinite(out).all()
