"""Losses that get what they are not made for, and those that get what they expect."""

from typing import Any

import pytest

from wellfit.core.finding import Finding, NotChecked
from wellfit.core.run import Run
from wellfit.rules.output_loss_mismatch import OutputLossMismatch

LOGITS = {"min": -5.0, "max": 5.0, "rows_sum_to_one": 0.0, "within_unit": 0.2}
PROBABILITIES = {"min": 0.0, "max": 1.0, "rows_sum_to_one": 1.0, "within_unit": 1.0}
CELSIUS = {"min": -15.0, "max": 30.0, "mean": 8.0, "std": 9.0}


def said(
    criterion: str,
    outputs: dict[str, float] | None = None,
    *,
    last: str | None = None,
    **more: Any,
) -> Finding | NotChecked | None:
    objective = {"criterion": criterion, "outputs": outputs or LOGITS, **more}
    model = {"layers": [{"name": "last", "activation": last}]}
    facts = {"objective": objective, "model": model}
    return OutputLossMismatch().judge(Run.of(facts=facts))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("and applies softmax to them once more", said("cross_entropy", PROBABILITIES)),
        (
            "applies a sigmoid once more",
            said("binary_cross_entropy_with_logits", PROBABILITIES, last="sigmoid"),
        ),
        ("gets raw scores", said("nll_loss", {**LOGITS, "nonpositive": 0.5})),
        ("expects probabilities", said("categorical_crossentropy", LOGITS)),
        ("expects probabilities", said("binary_cross_entropy", LOGITS)),
        ("gets probabilities", said("nll_loss", {**PROBABILITIES, "nonpositive": 0})),
        ("one output", said("cross_entropy", output_shape=[32, 1])),
        (
            "every output with every target",
            said("mse_loss", broadcast=True, output_shape=[32, 1], target_shape=[32]),
        ),
        (
            "the targets go from -15 to 30",
            said("mse_loss", {"min": 0.0, "max": 28.0}, last="relu", targets=CELSIUS),
        ),
        (
            "within [0, 1] (sigmoid)",
            said("l1_loss", {"min": 0.001, "max": 0.999}, targets=CELSIUS),
        ),
        (
            "expects targets of [0, 1]",
            said("binary_cross_entropy_with_logits", targets={"min": -1.0, "max": 1.0}),
        ),
    ],
)
def test_found(expected: str, found: Finding | NotChecked | None) -> None:
    assert isinstance(found, Finding)
    assert expected in found.summary


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(said("cross_entropy"), id="logits"),
        pytest.param(
            said("categorical_crossentropy", PROBABILITIES), id="probabilities"
        ),
        pytest.param(
            said("nll_loss", {"min": -9.0, "max": 0.0, "nonpositive": 1.0}),
            id="log-probabilities",
        ),
        pytest.param(
            said("cross_entropy", {"min": -9.0, "max": 0.0, "rows_sum_to_one": 0.0}),
            id="log-probabilities under cross-entropy",
        ),
        pytest.param(
            said("mse_loss", broadcast=True, output_shape=[32, 1], target_shape=[1]),
            id="one target for all",
        ),
        pytest.param(
            said(
                "mse_loss",
                PROBABILITIES,
                last="sigmoid",
                targets={"min": 0.0, "max": 1.0, "mean": 0.3, "std": 0.3},
            ),
            id="an autoencoder of pixels",
        ),
        pytest.param(
            said(
                "mse_loss",
                {"min": 0.0, "max": 900.0},
                last="relu",
                targets={"min": 3.0, "max": 1000.0, "mean": 200.0, "std": 100.0},
            ),
            id="positive targets",
        ),
        pytest.param(
            said("mse_loss", {"min": -0.2, "max": 0.4}, targets=CELSIUS),
            id="outputs that are still small",
        ),
        pytest.param(said("binary_cross_entropy", PROBABILITIES), id="probabilities"),
    ],
)
def test_quiet(found: Finding | NotChecked | None) -> None:
    assert found is None


def test_a_loss_by_hand_is_not_checked() -> None:
    run = Run.of(facts={"objective": {"criterion": "backward", "task": "other"}})
    assert isinstance(OutputLossMismatch().judge(run), NotChecked)
