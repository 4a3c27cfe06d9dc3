"""Inputs: their scale, their gaps, and columns that tell too much."""

from typing import Any

import numpy as np
import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.missing_values import MissingValues
from wellfit.rules.non_finite_values import NonFiniteValues
from wellfit.rules.target_leakage import TargetLeakage
from wellfit.rules.unscaled_inputs import UnscaledInputs

STUCK: dict[str, Any] = {"accuracy": 0.3, "val_accuracy": 0.3}
nan = float("nan")


def scale(run: Run) -> Finding | NotChecked | None:
    return UnscaledInputs().judge(run)


def gaps(**facts: Any) -> Finding | NotChecked | None:
    return MissingValues().judge(Run.of(facts=facts))


def leak(scores: list[float], metric: str = "auc", rows: int = 500) -> Any:
    columns = [
        {"name": f"c{k}", "score": s, "score_metric": metric}
        for k, s in enumerate(scores)
    ]
    return TargetLeakage().judge(
        Run.of(facts={"data": {"rows": rows, "columns": columns}})
    )


@pytest.mark.parametrize(
    ("size", "story", "expected"),
    [
        (1e4, STUCK, Severity.WARNING),
        (255.0, {"loss": np.r_[30.0, synthetic.decay(599)]}, Severity.WARNING),
        (255.0, {}, Severity.NOTE),
        (50.0, STUCK, Severity.WARNING),
        (50.0, {}, None),
        (16.0, STUCK, None),
        (1e-4, STUCK, Severity.WARNING),
    ],
)
def test_scale(size: float, story: dict[str, Any], expected: Severity | None) -> None:
    found = scale(synthetic.run(said=synthetic.facts(scale=size), **story))
    severity = found.severity if isinstance(found, Finding) else None
    assert severity is expected


def test_a_first_layer_that_normalises_is_enough() -> None:
    facts = synthetic.facts(scale=1e5)
    facts["inputs"]["first_layer"] = "BatchNorm1d"
    assert scale(synthetic.run(said=facts, **STUCK)) is None


def test_tokens_have_no_scale() -> None:
    facts = synthetic.facts(scale=1e5)
    facts["inputs"]["dtype"] = "int64"
    assert isinstance(scale(synthetic.run(said=facts, **STUCK)), NotChecked)


def test_nan_in_the_inputs_of_a_network() -> None:
    run = Run.of(loss=[nan, nan], facts={"inputs": {"nonfinite": 0.01}})
    found = MissingValues().judge(run)
    assert isinstance(found, Finding)
    assert found.severity is Severity.CRITICAL


def test_a_column_that_is_nan_in_every_row_has_no_gaps() -> None:
    columns = [{"name": "corner", "missing": 1.0}, {"name": "middle", "missing": 0.0}]
    assert gaps(inputs={"nonfinite": 0.5}, data={"columns": columns}) is None


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ({"missing": 0.3}, Severity.NOTE),
        ({"infinite": 0.01}, Severity.WARNING),
        ({"mixed": 0.05}, Severity.WARNING),
        ({"missing": 0.0}, None),
        ({"min": -999.0, "max": 80.0, "mean": 1.0, "std": 140.0}, Severity.WARNING),
        ({"min": -4.0, "max": 3.9, "mean": 0.0, "std": 1.0, "distinct": 900}, None),
        ({"min": -3.0, "max": 0.35, "mean": 0, "std": 1, "distinct": 90}, "warning"),
    ],
)
def test_columns(column: dict[str, float], expected: Severity | None) -> None:
    found = gaps(data={"columns": [{"name": "age", **column}, {"name": "b"}]})
    assert (found.severity if isinstance(found, Finding) else None) == expected


@pytest.mark.parametrize(
    ("scores", "metric", "expected"),
    [
        ([1.0, 0.77, 0.6, 0.5], "auc", Severity.WARNING),
        ([0.999, 0.4, 0.1], "r2", Severity.WARNING),
        ([0.99, 0.99, 0.99, 0.98], "auc", Severity.NOTE),
        ([0.96, 0.7, 0.6, 0.5], "auc", Severity.NOTE),
        ([0.975, 0.96, 0.95, 0.9], "auc", None),
        ([0.77, 0.6, 0.5], "auc", None),
        ([0.47, 0.1, 0.0], "r2", None),
    ],
)
def test_leaks(scores: list[float], metric: str, expected: Severity | None) -> None:
    found = leak(scores, metric)
    assert (found.severity if isinstance(found, Finding) else None) == expected


def test_few_rows_are_no_proof_of_a_leak() -> None:
    found = leak([1.0, 0.6, 0.5], rows=40)
    assert isinstance(found, Finding)
    assert found.severity is Severity.NOTE


def broken(**signals: Any) -> Finding | NotChecked | None:
    return NonFiniteValues().judge(
        Run.of({f"train/{k}": v for k, v in signals.items()})
    )


def test_which_broke_first() -> None:
    run = Run.of(
        {
            "train/loss": [1.0, 1.0, nan, nan],
            "train/grad_norm@fc1.weight": {0: 1.0, 1: float("inf"), 2: nan},
            "train/weight_norm@fc1.weight": {0: 1.0, 2: nan},
        }
    )
    found = NonFiniteValues().judge(run)
    assert isinstance(found, Finding)
    assert (found.since, found.where) == (1, ("fc1.weight",))
    assert found.severity is Severity.CRITICAL


def test_inputs_come_before_the_loss_of_the_same_step() -> None:
    found = broken(loss=[1.0, nan], input_nonfinite=[0.0, 0.1])
    assert isinstance(found, Finding)
    assert "the inputs have NaN or infinite values (10.00% of a batch)" in found.summary


def test_a_loss_that_had_grown_is_told_from_one_that_had_not() -> None:
    grown = broken(loss=[1.0, 1e3, 1e9, nan])
    usual = broken(loss=[1.0, 0.9, 0.8, nan])
    assert isinstance(grown, Finding)
    assert isinstance(usual, Finding)
    assert "had grown from 1 to 1e+09" in grown.summary
    assert "as usual" in usual.summary


def test_gradients_that_overflow_now_and_then_are_a_note() -> None:
    found = broken(loss=[1.0, 0.9, 0.8, 0.7], grad_norm=[float("inf"), 1.0, 1.0, 1.0])
    assert isinstance(found, Finding)
    assert found.severity is Severity.NOTE


def test_a_loss_that_mends_is_a_warning() -> None:
    found = broken(loss=[1.0, nan, 0.8, 0.7])
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
