"""The range test: what it takes, and that it leaves no trace."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainer.test_engine import CLASSES, SGD, network, quiet, same, task, trained
from wellfit.core.errors import BadSetting
from wellfit.core.rates import BELOW, LOW, smoothed
from wellfit.trainer.engine import fit
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.randomness import seed_all
from wellfit.trainer.range_test import range_test
from wellfit.trainer.settings import Limits, Settings

HOW = Settings(optimizer=SGD, limits=Limits(epochs=3))


def test_the_rate_that_it_takes_trains_well():
    found = range_test(task(), HOW)
    losses = {}
    for rate in (found.rate / 100, found.rate, found.rate * 100):
        sgd = OptimizerSettings(name="sgd", learning_rate=rate, options=SGD.options)
        _, outcome = trained(optimizer=sgd)
        losses[rate] = outcome.history[-1].metrics["val/loss"]
    at = losses[found.rate]
    assert all(
        at < loss or math.isnan(loss) for r, loss in losses.items() if r != found.rate
    )


def test_the_rates_grow_from_step_to_step_and_end_where_the_loss_leaps():
    found = range_test(task(), HOW)
    assert found.rates[0] == pytest.approx(LOW)
    assert np.diff(np.log(found.rates)) == pytest.approx(np.log(found.rates[1] / LOW))
    assert len(found.rates) == len(found.losses) <= 100
    least = found.rates[int(np.argmin(found.losses))]
    assert found.rate == pytest.approx(least / BELOW, rel=0.05)


def test_it_leaves_no_trace():
    before, after = (
        task(network(dropout=0.2, norm=True)),
        network(dropout=0.2, norm=True),
    )
    seed_all(3)
    state = torch.get_rng_state()
    range_test(before, HOW)
    assert torch.equal(torch.get_rng_state(), state)
    assert same(before.network, after)
    assert all(p.grad is None for p in before.network.parameters())
    fit(before, HOW, say=quiet)
    seed_all(3)
    fit(task(after), HOW, say=quiet)
    assert same(before.network, after)


def test_it_is_the_same_again():
    given = task(network(dropout=0.2))
    assert range_test(given, HOW) == range_test(given, HOW)


def test_a_running_average_counts_the_first_ones_more():
    losses = [3.0, 1.0, 2.0]
    weights = np.array([0.81, 0.9, 1.0])
    expected = [3.0, (2.7 + 1) / 1.9, float(weights @ losses) / weights.sum()]
    assert smoothed(losses) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["lbfgs"])
def test_an_optimizer_that_finds_its_own_steps_has_none(name):
    how = Settings(optimizer=OptimizerSettings(name=name))
    with pytest.raises(BadSetting, match="finds its steps itself"):
        range_test(task(), how)


def test_a_loss_that_is_no_number_from_the_start_is_told():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Parameter(torch.full((CLASSES,), math.nan))

        def forward(self, x):
            return self.out.expand(len(x), -1)

    with pytest.raises(BadSetting, match="first loss of the range test is nan"):
        range_test(task(Broken()), HOW)
