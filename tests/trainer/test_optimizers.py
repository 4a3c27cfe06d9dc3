"""Optimizers by name: their groups, their rates, and what is said of a wrong one."""

import pytest
import torch
from torch import nn

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.trainer.optimizers import (
    OPTIMIZERS,
    OptimizerSettings,
    Rates,
    make_optimizers,
)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)) for _ in range(2)
        )
        self.head = nn.Linear(4, 3)


def by_name(optimizers, key):
    """What each parameter's group says of it."""
    names = {id(p): n for n, p in NETWORK.named_parameters()}
    return {
        names[id(p)]: group[key]
        for optimizer in optimizers
        for group in optimizer.param_groups
        for p in group["params"]
    }


NETWORK = Network()


def made(**how):
    return make_optimizers(NETWORK, OptimizerSettings(**how))


def test_norms_and_biases_do_not_decay():
    decays = by_name(made(weight_decay=0.1), "weight_decay")
    decaying = {name for name, decay in decays.items() if decay}
    assert decaying == {
        "words.weight", "blocks.0.0.weight", "blocks.1.0.weight", "head.weight",
    }  # fmt: skip
    assert set(decays) == {n for n, _ in NETWORK.named_parameters()}
    everything = by_name(made(weight_decay=0.1, decay_all=True), "weight_decay")
    assert set(everything.values()) == {0.1}


def test_a_norm_over_several_axes_does_not_decay():
    norm = nn.LayerNorm([2, 2])
    (optimizer,) = make_optimizers(norm, OptimizerSettings(weight_decay=0.1))
    assert {g["weight_decay"] for g in optimizer.param_groups} == {0.0}


def test_rates_fall_from_layer_to_layer():
    rates = by_name(made(learning_rate=1.0, layer_rate=0.5), "lr")
    assert rates["words.weight"] == 0.125
    assert rates["blocks.0.0.weight"] == rates["blocks.0.1.bias"] == 0.25
    assert rates["blocks.1.0.bias"] == 0.5
    assert rates["head.bias"] == 1.0


def test_some_parameters_have_a_rate_of_their_own():
    rates = by_name(made(learning_rate=1.0, rates={"blocks.1": 0.1}), "lr")
    assert rates["blocks.1.0.weight"] == 0.1
    assert rates["blocks.0.0.weight"] == 1.0


def test_what_is_frozen_is_left_out():
    network = Network()
    network.words.requires_grad_(False)
    (optimizer,) = make_optimizers(network, OptimizerSettings())
    assert sum(len(g["params"]) for g in optimizer.param_groups) == 10
    network.requires_grad_(False)
    with pytest.raises(BadSetting, match="nothing to train"):
        make_optimizers(network, OptimizerSettings())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_is_torchs_own(name):
    first, *_ = made(name=name)
    assert type(first).__name__.lower() == name


def test_momentum_is_an_option():
    (optimizer,) = made(name="sgd", options={"momentum": 0.9, "nesterov": True})
    assert {g["nesterov"] for g in optimizer.param_groups} == {True}


def test_muon_takes_the_matrices_within():
    muon, adamw = made(name="muon", learning_rate=0.02)
    inner = set(by_name([muon], "lr"))
    assert inner == {"blocks.0.0.weight", "blocks.1.0.weight"}
    rest = by_name([adamw], "lr")
    assert set(rest) | inner == {n for n, _ in NETWORK.named_parameters()}
    assert set(rest.values()) == {0.02}


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"name": "admw"}, UnknownName, "no optimizer 'admw'; did you mean 'adamw'?"),
        ({"options": {"beta": 1}}, UnknownName, "option of adamw 'beta'; did you mean"),
        ({"options": {"lr": 1}}, UnknownName, "option of adamw 'lr'"),
        ({"learning_rate": -1}, BadSetting, "at least 0; got learning_rate=-1"),
        ({"options": {"betas": (2, 2)}}, BadSetting, "adamw refuses its options"),
        (
            {"name": "sgd", "options": {"nesterov": True}},
            BadSetting,
            "sgd refuses its options: Nesterov momentum requires a momentum",
        ),
        ({"name": "lbfgs", "weight_decay": 0.1}, BadSetting, "lbfgs has one rate"),
    ],
)
def test_what_is_wrong_is_said(how, error, said):
    with pytest.raises(error) as raised:
        made(**how)
    assert said in str(raised.value)


def test_a_rate_changed_by_somebody_else_lasts():
    (optimizer,) = made(name="sgd", learning_rate=0.8)
    rates = Rates([optimizer])
    rates.set(0.5)
    for group in optimizer.param_groups:
        assert group["lr"] == 0.4
        group["lr"] *= 0.1  # a remedy
    rates.set(0.25)
    assert all(g["lr"] == pytest.approx(0.02) for g in optimizer.param_groups)


def test_fused_steps_are_as_good():
    results = []
    for fused in (False, True):
        torch.manual_seed(0)
        network = nn.Linear(8, 8)
        (optimizer,) = make_optimizers(network, OptimizerSettings(fused=fused))
        for _ in range(5):
            optimizer.zero_grad()
            network(torch.ones(2, 8)).square().sum().backward()
            optimizer.step()
        results.append(network.weight)
    assert torch.allclose(*results, atol=1e-6)
