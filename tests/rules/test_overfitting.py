"""Overfitting: what it says of curves that rise, wobble, part, or stay."""

from typing import Any

import numpy as np
import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.overfitting import Overfitting

PASSES = range(60, 660, 60)


def said(run: Run) -> Finding | NotChecked | None:
    return Overfitting().judge(run)


def with_val(values: list[float], **story: Any) -> Run:
    passes = np.linspace(60, 600, len(values)).round().astype(int).tolist()
    return synthetic.run(val_loss=dict(zip(passes, values, strict=True)), **story)


def test_a_validation_loss_that_falls_and_then_rises() -> None:
    found = said(with_val([1.2, 0.8, 0.6, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6]))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert found.since == 240
    assert "validation loss was best at step 240 (0.5)" in found.summary


def test_a_wide_gap_is_enough() -> None:
    found = said(with_val([0.9] * 10, accuracy=1.0, val_accuracy=0.6))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert found.since is None


def test_growing_confidence_is_a_note_at_most() -> None:
    slight = said(with_val([0.5, 0.3, 0.2, 0.15, 0.15, 0.16, 0.16, 0.17, 0.18, 0.19]))
    assert isinstance(slight, Finding)
    assert slight.severity is Severity.NOTE


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([1.2, 0.8, 0.6, 0.5, 0.45, 0.44, 0.43, 0.43], id="falls"),
        pytest.param([1.0, 0.5, 0.9, 0.4, 0.8, 0.5, 0.9, 0.45, 0.8, 0.5], id="wobbles"),
        pytest.param([1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 2.0, 0.5, 0.5], id="one spike"),
    ],
)
def test_quiet(values: list[float]) -> None:
    assert said(with_val(values)) is None


def test_both_losses_rising_is_divergence() -> None:
    loss = np.r_[synthetic.decay(300), np.linspace(0.1, 3, 300)]
    run = with_val([1.0, 0.6, 0.3, 0.2, 0.2, 0.5, 1.0, 1.5, 2.0, 2.5], loss=loss)
    assert said(run) is None


def test_a_run_without_validation_is_not_checked() -> None:
    found = said(synthetic.run(val_accuracy=None))
    assert isinstance(found, NotChecked)
    assert "held-back" in found.reason


def test_what_was_thrown_away_after_the_best_step_does_not_count() -> None:
    falling = [2.0, 1.2, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05]
    rising = {1: 2.0, 2: 1.4, 3: 1.2, 4: 1.1, 5: 1.3, 6: 1.5, 7: 1.7, 8: 1.9}
    assert Overfitting().check(Run.of(loss=falling, val_loss=rising)) is not None
    kept = {"training": {"kept": 4}}
    run = Run.of(loss=falling, val_loss=rising, facts=kept)
    assert Overfitting().check(run) is None


def test_scores_of_different_times_are_no_gap() -> None:
    facts = {"objective": {"trivial": {"accuracy": 0.25}}}
    late = {"train/accuracy": {1: 0.3, 150: 0.99}, "val/accuracy": {1: 0.28}}
    both = {"train/accuracy": {1: 0.3, 150: 0.99}, "val/accuracy": {1: 0.28, 150: 0.3}}
    assert isinstance(Overfitting().judge(Run.of(late, facts=facts)), NotChecked)
    assert isinstance(Overfitting().judge(Run.of(both, facts=facts)), Finding)
