"""The greedy selection, against a slow and obvious twin of it."""

import numpy as np
import pytest

from wellfit.models.model import loss_of
from wellfit.trainer.greedy import STEPS, combined, honestly, select


def slowly(guesses, y):
    """Add the model that helps most, as Caruana et al. (2004) say it, one by one."""
    bag, best, kept = [], np.inf, []
    for _ in range(STEPS):
        losses = [loss_of(np.mean([*bag, guess], axis=0), y) for guess in guesses]
        added = int(np.argmin(losses))
        bag.append(guesses[added])
        kept.append(added)
        if losses[added] < best * (1 - 1e-6):
            best, counted = losses[added], list(kept)
    return np.bincount(counted, minlength=len(guesses)) / len(counted)


def numbers(seed, models=6, rows=200):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows)
    return [y + rng.normal(size=rows) * rng.uniform(0.5, 1.5) for _ in range(models)], y


def classes(seed, models=6, rows=200, count=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, count, rows)
    logits = [
        2 * np.eye(count)[y] + rng.normal(size=(rows, count)) for _ in range(models)
    ]
    return [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in logits], y


@pytest.mark.parametrize("make", [numbers, classes])
@pytest.mark.parametrize("seed", range(5))
def test_the_weights_are_those_of_the_slow_twin(make, seed):
    guesses, y = make(seed)
    np.testing.assert_allclose(select(guesses, y), slowly(guesses, y))


@pytest.mark.parametrize("make", [numbers, classes])
def test_together_they_are_at_least_as_good_as_the_best_alone(make):
    guesses, y = make(0)
    weights = select(guesses, y)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    together = loss_of(combined(guesses, weights), y)
    assert together < min(loss_of(guess, y) for guess in guesses)


def test_a_model_that_is_right_is_chosen_alone():
    guesses, y = numbers(0)
    assert select([*guesses, y], y).tolist() == [0.0] * len(guesses) + [1.0]


def test_what_is_predicted_honestly_does_not_hang_on_the_rows_own_targets():
    """Of models that know nothing, weights chosen on the very rows seem to know."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=60)
    guesses = [0.5 * rng.normal(size=60) for _ in range(20)]
    seeming = loss_of(combined(guesses, select(guesses, y)), y)
    honest = loss_of(honestly(guesses, y), y)
    assert seeming < np.var(y)
    assert honest > np.var(y)


def test_the_same_seed_gives_the_same():
    guesses, y = classes(1)
    np.testing.assert_array_equal(honestly(guesses, y, 3), honestly(guesses, y, 3))
