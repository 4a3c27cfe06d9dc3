"""Gradients that vanish, explode, or are not there."""

from typing import Any

import numpy as np
import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.dead_units import DeadUnits
from wellfit.rules.exploding_gradients import ExplodingGradients
from wellfit.rules.vanishing_gradients import VanishingGradients

STUCK: dict[str, Any] = {
    "accuracy": 0.25,
    "val_accuracy": 0.25,
    "loss": np.full(600, 1.4),
}


def vanishing(run: Run) -> Finding | NotChecked | None:
    return VanishingGradients().judge(run)


def exploding(run: Run) -> Finding | NotChecked | None:
    return ExplodingGradients().judge(run)


def dead(run: Run) -> Finding | NotChecked | None:
    return DeadUnits().judge(run)


def test_a_gradient_that_dies_on_its_way_back() -> None:
    found = vanishing(synthetic.run(flow=0.01, **STUCK))
    assert isinstance(found, Finding)
    assert found.severity is Severity.CRITICAL
    assert found.where == ("0",)


@pytest.mark.parametrize("flow", [0.4, 1.0, 3.0])
def test_ordinary_differences_between_layers(flow: float) -> None:
    assert vanishing(synthetic.run(flow=flow, **STUCK)) is None


def test_a_network_that_manages_all_the_same_is_a_note() -> None:
    found = vanishing(synthetic.run(flow=0.01))
    assert isinstance(found, Finding)
    assert found.severity is Severity.NOTE


def test_lookup_tables_and_normalisation_do_not_count() -> None:
    facts = synthetic.facts()
    for layer, kind in zip(
        facts["model"]["layers"][:2], ("Embedding", "LayerNorm"), strict=True
    ):
        layer["kind"] = kind
    run = synthetic.run(flow=0.01, said=facts, **STUCK)
    assert isinstance(vanishing(run), NotChecked)


def test_a_burst_that_throws_the_loss_up() -> None:
    norms = np.r_[np.full(40, 1.0), 5000.0, np.full(5, 800.0)]
    loss = np.r_[synthetic.decay(40), np.full(6, 60.0)]
    found = exploding(synthetic.run(steps=46, loss=loss, gradients=norms))
    assert isinstance(found, Finding)
    assert found.severity is Severity.CRITICAL
    assert found.since == 40
    assert found.confidence == 0.9


@pytest.mark.parametrize(
    "norms",
    [
        pytest.param(np.geomspace(1, 1e-7, 300), id="dies out"),
        pytest.param(
            np.r_[np.geomspace(1, 1e-6, 299), 0.05], id="one hard sample at the end"
        ),
        pytest.param(np.r_[np.full(299, 1.0), 90.0], id="a moderate jump"),
    ],
)
def test_norms_that_do_not_explode(norms: np.ndarray[Any, Any]) -> None:
    run = synthetic.run(steps=300, loss=synthetic.decay(300), gradients=norms)
    assert exploding(run) is None


def test_a_jump_that_the_loss_does_not_feel() -> None:
    norms = np.r_[np.full(299, 1.0), 5000.0]
    assert exploding(synthetic.run(steps=300, gradients=norms)) is None


def test_signals_too_large_from_the_start() -> None:
    loss = np.r_[800.0, synthetic.decay(599)]
    found = exploding(synthetic.run(loss=loss))
    assert isinstance(found, Finding)
    assert found.since == 0
    large = synthetic.facts(scale=500.0)
    assert exploding(synthetic.run(loss=loss, said=large)) is None


def test_units_that_are_dead_at_the_end() -> None:
    found = dead(synthetic.run(dead=0.95, **STUCK))
    assert isinstance(found, Finding)
    assert found.severity is Severity.CRITICAL
    assert set(found.where) == set(synthetic.LAYERS)


@pytest.mark.parametrize(
    ("share", "story", "expected"),
    [(0.7, STUCK, Finding), (0.7, {}, type(None)), (0.4, STUCK, type(None))],
)
def test_half_dead_layers(share: float, story: dict[str, Any], expected: type) -> None:
    assert isinstance(dead(synthetic.run(dead=share, **story)), expected)


def test_a_layer_that_is_silent_from_the_start() -> None:
    found = dead(synthetic.run(zeros=0.97))
    assert isinstance(found, Finding)
    assert "from the first steps on" in found.summary


def test_layers_into_which_nothing_comes() -> None:
    steps = synthetic.looks(600)
    cut = {
        "train/grad_norm@6.weight": dict.fromkeys(steps, 0.0),
        "train/grad_norm@6.bias": dict.fromkeys(steps, 0.3),
    }
    found = dead(synthetic.run(extra=cut, **STUCK))
    assert isinstance(found, Finding)
    assert found.where == ("6",)


def test_weights_that_are_zero_are_another_problem() -> None:
    steps = synthetic.looks(600)
    nothing = {"train/weight_norm": dict.fromkeys(steps, 0.0)}
    assert dead(synthetic.run(dead=1.0, extra=nothing, **STUCK)) is None
