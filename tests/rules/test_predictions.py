"""Scores that are poor, predictions that are constant, classes that are passed over."""

from typing import Any

import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.class_imbalance import ClassImbalance
from wellfit.rules.constant_predictions import ConstantPredictions
from wellfit.rules.underfitting import Underfitting

RARE = (970, 10, 10, 10)


def poor(run: Run) -> Finding | NotChecked | None:
    return Underfitting().judge(run)


def constant(run: Run) -> Finding | NotChecked | None:
    return ConstantPredictions().judge(run)


def imbalance(run: Run) -> Finding | NotChecked | None:
    return ClassImbalance().judge(run)


def test_a_score_far_below_that_of_a_simple_model() -> None:
    found = poor(synthetic.run(accuracy=0.5, val_accuracy=0.5))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert "0.95 on the same rows" in found.summary


@pytest.mark.parametrize("reference", [0.3, 0.5, 0.51])
def test_what_cannot_be_learnt_is_not_missed(reference: float) -> None:
    facts = synthetic.facts(reference=reference)
    assert poor(synthetic.run(accuracy=0.5, val_accuracy=0.49, said=facts)) is None


def test_without_a_reference_a_middling_score_says_nothing() -> None:
    facts = synthetic.facts(reference=None)
    run = synthetic.run(accuracy=0.5, val_accuracy=0.5, said=facts)
    assert isinstance(poor(run), NotChecked)


def test_one_class_for_everything() -> None:
    run = synthetic.run(accuracy=0.25, val_accuracy=0.25, top_share=1.0)
    found = constant(run)
    assert isinstance(found, Finding)
    assert found.severity is Severity.CRITICAL
    assert "100 % of the samples" in found.summary


def test_a_constant_is_right_where_nothing_can_be_learnt() -> None:
    facts = synthetic.facts(reference=0.25)
    run = synthetic.run(accuracy=0.25, val_accuracy=0.25, top_share=1.0, said=facts)
    found = constant(run)
    assert isinstance(found, Finding)
    assert found.severity is Severity.NOTE


def test_nearly_all_of_one_class_is_no_constant() -> None:
    facts = synthetic.facts(counts=RARE)
    assert constant(synthetic.run(top_share=1.0, said=facts)) is None


@pytest.mark.parametrize(
    ("spread", "expected"), [(0.001, Finding), (0.3, type(None)), (1.0, type(None))]
)
def test_numbers_that_hardly_vary(spread: float, expected: type) -> None:
    run = Run.of({"val/spread": [0.5, spread, spread, spread, spread, spread]})
    assert isinstance(constant(run), expected)


def rare(recall: float, **story: Any) -> Run:
    recalls = {f"val/recall@{name}": {600: recall} for name in ("1", "2", "3")}
    facts = synthetic.facts(counts=RARE, reference=0.98)
    return synthetic.run(
        extra={"val/recall@0": {600: 1.0}, **recalls}, said=facts, **story
    )


def test_rare_classes_that_are_passed_over() -> None:
    found = imbalance(rare(0.0))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert found.where == ("1", "2", "3")


def test_rare_classes_that_are_recognised_are_a_note() -> None:
    found = imbalance(rare(0.9))
    assert isinstance(found, Finding)
    assert found.severity is Severity.NOTE


def test_a_hard_class_that_is_not_rare_is_left_alone() -> None:
    recalls = {f"val/recall@{k}": {600: r} for k, r in enumerate((1.0, 0.1, 0.9, 0.9))}
    assert imbalance(synthetic.run(extra=recalls)) is None


def test_without_recalls_their_mean_against_the_accuracy_tells() -> None:
    facts = synthetic.facts(counts=RARE)
    balanced = {"train/balanced_accuracy": dict.fromkeys(range(15, 600, 16), 0.25)}
    run = synthetic.run(extra=balanced, said=facts, val_accuracy=None)
    found = imbalance(run)
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
