"""The engine on tables: a known answer, the best epoch kept, the same by seed."""

import math

import pytest
import torch
from torch import nn

from wellfit.models.network import Training
from wellfit.trainer.tabular import fit_network


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def rows(count=200, seed=0, noise=0.1):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 3, generator=generator)
    y = x @ torch.tensor([1.0, -2.0, 0.5]) + 1
    return x, y + noise * torch.randn(count, generator=generator)


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        return self.linear(x).squeeze(-1)


def line():
    torch.manual_seed(0)
    return Line()


def trained(train, validation, told=None, network=None, **how):
    network = network or line()
    settings = Training(**{"epochs": 40, "batch_size": 20, "learning_rate": 0.05} | how)
    told = [] if told is None else told
    best = fit_network(
        network, nn.MSELoss(), train, validation, settings,
        lambda epoch: told.append(epoch) or True,
    )  # fmt: skip
    return network, best, told


def test_it_finds_the_line():
    network, _, told = trained(rows(), rows(seed=1))
    assert network.linear.weight.flatten().tolist() == pytest.approx(
        [1.0, -2.0, 0.5], abs=0.05
    )
    assert told[-1].metrics["val/loss"] == pytest.approx(0.01, abs=0.005)
    assert [e.steps for e in told[:3]] == [10, 20, 30]


def test_the_best_epoch_is_put_back():
    train, validation = rows(12, noise=3), rows(100, seed=1)
    network, best, told = trained(train, validation, learning_rate=0.3, patience=99)
    losses = [epoch.metrics["val/loss"] for epoch in told]
    assert best == 1 + losses.index(min(losses)) < len(losses)
    with torch.no_grad():
        loss = nn.functional.mse_loss(network(validation[0]), validation[1])
    assert float(loss) == pytest.approx(min(losses))


def test_it_stops_after_the_patience():
    train, validation = rows(12, noise=3), rows(100, seed=1)
    _, best, told = trained(train, validation, learning_rate=0.3, patience=4)
    assert len(told) == best + 4 < 40


def test_without_validation_rows_it_stops_where_it_is_told_and_keeps_the_last():
    network, best, told = trained(rows(), None, stop_after=7)
    assert best == len(told) == 7
    assert "val/loss" not in told[-1].metrics
    again, *_ = trained(rows(), None, stop_after=7)
    assert torch.equal(network.linear.weight, again.linear.weight)


def test_a_refit_follows_the_same_path():
    """The rate falls along the same curve, however early the refit stops."""
    _, _, told = trained(rows(), rows(seed=1))
    _, _, again = trained(rows(), None, stop_after=5)
    assert [e.metrics["train/loss"] for e in again] == [
        e.metrics["train/loss"] for e in told[:5]
    ]


def test_the_order_of_the_rows_is_the_seeds_alone():
    runs = [trained(rows(), None, seed=s, stop_after=3)[0] for s in (0, 0, 1)]
    weights = [network.linear.weight for network in runs]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    torch.manual_seed(123)  # what else draws random numbers does not matter
    again = trained(rows(), None, network=line(), stop_after=3)[0]
    assert torch.equal(weights[0], again.linear.weight)


def test_it_ends_when_told():
    told = []
    network = line()
    fit_network(
        network, nn.MSELoss(), rows(), None, Training(), told.append
    )  # None: no
    assert len(told) == 1


def test_a_loss_that_is_no_number_ends_it_with_the_first_weights():
    x, y = rows()
    y[0] = math.nan
    before = line()
    network, best, _ = trained((x, y), (x, y), patience=3)
    assert best == 0
    assert torch.equal(network.linear.weight, before.linear.weight)
