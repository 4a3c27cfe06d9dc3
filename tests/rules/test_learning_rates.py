"""Rates that are too high, too low, and that only look so."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.learning_rate_too_high import LearningRateTooHigh
from wellfit.rules.learning_rate_too_low import LearningRateTooLow
from wellfit.rules.undertrained import Undertrained

STUCK: dict[str, Any] = {"accuracy": 0.25, "val_accuracy": 0.25}


def high(run: Run) -> Finding | NotChecked | None:
    return LearningRateTooHigh().judge(run)


def low(run: Run) -> Finding | NotChecked | None:
    return LearningRateTooLow().judge(run)


def test_violent_steps_that_throw_the_loss_up() -> None:
    loss = np.r_[1.4, 30.0, 90.0, np.full(597, 1.5)]
    found = high(synthetic.run(loss=loss, stride=0.8, **STUCK))
    assert isinstance(found, Finding)
    assert found.severity is Severity.CRITICAL
    assert found.confidence > 0.9
    assert found.since == 0


def test_a_loss_that_grows_out_of_all_bounds() -> None:
    loss = np.r_[1.4 * 1.2 ** np.arange(200), np.full(10, np.inf)]
    found = high(synthetic.run(steps=210, loss=loss, stride=0.05, **STUCK))
    assert isinstance(found, Finding)
    assert "the loss rose from 1.4" in found.summary


def test_a_loss_that_loses_again_what_it_had_won() -> None:
    won, lost = synthetic.decay(300, half=0.2), np.full(300, 1.3)
    found = high(synthetic.run(loss=np.r_[won, lost], **STUCK))
    assert isinstance(found, Finding)
    assert "rose again" in found.summary


def test_inputs_take_the_blame_where_the_start_was_far_off() -> None:
    loss = np.r_[140.0, 900.0, np.full(598, 1.5)]
    alone = high(synthetic.run(loss=loss / 100, stride=0.8, **STUCK))
    strained = high(synthetic.run(loss=loss, stride=0.8, **STUCK))
    assert isinstance(alone, Finding)
    assert isinstance(strained, Finding)
    assert strained.confidence < 0.5 < alone.confidence


def test_long_first_steps_that_do_no_harm() -> None:
    assert high(synthetic.run(stride=0.8)) is None


def test_steps_too_short_to_come_anywhere() -> None:
    loss = synthetic.decay(600, start=1.4, floor=1.38, noise=0.01)
    found = low(synthetic.run(loss=loss, stride=1e-5, **STUCK))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert found.confidence > 0.9


def test_tiny_steps_that_do_what_can_be_done() -> None:
    assert low(synthetic.run(stride=1e-5)) is None


def test_few_steps_of_ordinary_length_are_undertrained() -> None:
    loss = synthetic.decay(40, start=1.4, floor=0.1, half=1.0, noise=0.02)
    run = synthetic.run(steps=40, loss=loss, accuracy=0.4, val_accuracy=0.4)
    assert low(run) is None
    found = Undertrained().judge(run)
    assert isinstance(found, Finding)
    assert "after 40 steps" in found.summary


def test_a_straight_fall_over_a_long_run_is_undertrained() -> None:
    rng = np.random.default_rng(0)
    loss = np.linspace(1.4, 0.9, 600) + 0.05 * rng.standard_normal(600)
    val = {step: 1.4 - step / 1200 for step in range(60, 660, 60)}
    found = Undertrained().judge(
        synthetic.run(loss=loss, accuracy=0.5, val_accuracy=0.5, val_loss=val)
    )
    assert isinstance(found, Finding)
    assert "full speed" in found.summary


@pytest.mark.parametrize("accuracy", [0.95, 0.6])
def test_a_loss_that_has_bent_is_not_undertrained(accuracy: float) -> None:
    run = synthetic.run(accuracy=accuracy, val_accuracy=accuracy)
    assert Undertrained().judge(run) is None


def test_an_unfinished_warm_up_cannot_be_judged() -> None:
    rates = {step: 1e-7 * (step + 1) for step in range(600)}
    run = synthetic.run(stride=1e-5, extra={"learning_rate": rates}, **STUCK)
    assert isinstance(low(run), NotChecked)


def test_what_broke_cannot_be_too_slow() -> None:
    loss = np.r_[np.full(300, 1.4), np.full(300, np.nan)]
    run = synthetic.run(loss=loss, stride=1e-5, **STUCK)
    assert isinstance(low(run), NotChecked)
    assert isinstance(Undertrained().judge(run), NotChecked)


def test_decay_makes_no_step_longer() -> None:
    run = synthetic.run(loss=np.r_[1.4, 2.8, np.full(598, 1.4)], **STUCK)
    shrunk = {
        name: replace(s, values=s.values * np.geomspace(1, 1e-4, len(s)))
        for name, s in run.signals.items()
        if name.startswith("train/weight_norm@")
    }
    relative = {
        name: replace(s, values=s.values / np.geomspace(1, 1e-4, len(s)))
        for name, s in run.signals.items()
        if name.startswith("train/update_ratio@")
    }
    assert high(replace(run, signals={**run.signals, **shrunk, **relative})) is None


def test_a_validation_loss_that_falls_straight_on_was_stopped_too_early() -> None:
    """Whatever it had reached until then; one that bends may be done."""
    straight = {step: 3 - 0.05 * step for step in range(0, 40, 2)}
    bent = {step: 1 + 2 * 0.85**step for step in range(0, 40, 2)}
    loss = [2.0 * 0.9**step for step in range(40)]
    runs = [Run.of(loss=loss, val_loss=val) for val in (straight, bent)]
    said = [Undertrained().judge(run) for run in runs]
    assert isinstance(said[0], Finding)
    assert said[0].severity is Severity.WARNING
    assert not isinstance(said[1], Finding) or said[1].severity is Severity.NOTE
