"""Gradients through depth, and how far weights could have come."""

import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.rules import layers
from wellfit.rules.dead_units import DeadUnits


@pytest.mark.parametrize("flow", [1.0, 0.1, 0.01])
def test_the_profile_follows_depth(flow: float) -> None:
    found = layers.flow(synthetic.run(flow=flow))
    assert found is not None
    assert found.layers == synthetic.LAYERS
    assert layers.through(found.early) == pytest.approx(flow**3, rel=1.0)


def test_without_layers_there_is_no_profile() -> None:
    assert layers.flow(Run.of(loss=[1.0])) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("BatchNorm1d", True),
        ("LazyBatchNorm2d", True),
        ("LayerNorm", True),
        ("Linear", False),
        (None, False),
    ],
)
def test_what_normalises(kind: str | None, expected: bool) -> None:
    assert layers.normalizes(kind) is expected


@pytest.mark.parametrize(
    ("rates", "wanted"), [({0: 1.0}, 10), ({0: 1.0, 500: 0.1}, 5.5)]
)
def test_travel_goes_on_after_the_last_look(rates, wanted) -> None:
    run = Run.of(
        {"update_ratio@w": {0: 0.01, 9: 0.01}, "learning_rate": rates},
        loss=[1.0] * 1000,
    )
    found = layers.travel(run.at("update_ratio")["w"], run)
    assert found == pytest.approx(wanted, rel=0.01)


def test_travel_is_the_sum_over_all_steps() -> None:
    every = Run.of({"update_ratio@w": [0.01] * 1000})
    seen = Run.of({"update_ratio@w": {0: 0.01, 10: 0.01, 999: 0.01}})
    for run in (every, seen):
        assert layers.travel(run.at("update_ratio")["w"], run) == pytest.approx(
            10, rel=0.01
        )


def test_lookup_tables_are_left_out() -> None:
    table = {"name": "e", "kind": "Embedding", "parameters": 9, "tensors": ["e.weight"]}
    run = Run.of(
        {"update_ratio@e.weight": [1.0], "update_ratio@fc.weight": [0.1]},
        facts={"model": {"layers": [table]}},
    )
    assert list(layers.strides(run)) == ["fc.weight"]


def test_the_stride_is_that_of_the_layer_in_the_middle() -> None:
    names = {"a": [0.1, 0.1], "b": [0.2, 0.3], "c": [9.0, 9.0]}
    run = Run.of({f"update_ratio@{name}": values for name, values in names.items()})
    stride = layers.stride(layers.strides(run))
    assert stride is not None
    assert stride.values.tolist() == [0.2, 0.3]


def test_a_layer_that_gives_zeros_ever_since() -> None:
    """A few looks are enough where not one activation of a layer is left."""
    run = Run.of(
        {
            "zero_share@body.4": {1: 0.5, 16: 0.7, 35: 1.0, 70: 1.0, 140: 1.0},
            "dead_share@body.4": {1: 0.0, 140: 0.0},
        }
    )
    said = DeadUnits().judge(run)
    assert isinstance(said, Finding)
    assert (said.since, said.where) == (35, ("body.4",))
    assert "since step 35" in said.summary
