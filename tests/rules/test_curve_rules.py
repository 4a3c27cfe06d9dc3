"""Plateaus, swings and divergence, told from what looks like them."""

from typing import Any

import numpy as np
import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.divergence import Divergence
from wellfit.rules.loss_plateau import LossPlateau
from wellfit.rules.rule import Rule
from wellfit.rules.unshuffled_batches import UnshuffledBatches
from wellfit.rules.unstable_loss import UnstableLoss

STEPS = 600
PASSES = range(30, STEPS + 1, 30)


def wobbly(curve: synthetic.Numbers, noise: float = 0.08) -> synthetic.Numbers:
    rng = np.random.default_rng(3)
    return np.asarray(curve * np.exp(noise * rng.standard_normal(len(curve))))


def loud(rule: Rule, run: Run) -> Finding | None:
    said = rule.judge(run)
    found = isinstance(said, Finding) and said.severity is not Severity.NOTE
    return said if found and isinstance(said, Finding) else None


LATE = wobbly(np.r_[np.full(480, 1.38), np.linspace(1.38, 0.8, 120)])
IN_TIME = wobbly(np.r_[np.full(300, 1.38), synthetic.decay(300, half=0.05)], 0.03)
STAIRS = wobbly(np.r_[synthetic.decay(300, floor=0.6), np.full(300, 0.2)], 0.05)


def test_a_plateau_that_is_left_too_late() -> None:
    found = loud(LossPlateau(), synthetic.run(loss=LATE))
    assert found is not None
    assert "still falling at the end" in found.summary
    assert found.since == 0


def test_a_plateau_that_is_left_in_time_is_a_note() -> None:
    said = LossPlateau().judge(synthetic.run(loss=IN_TIME))
    assert isinstance(said, Finding)
    assert said.severity is Severity.NOTE


def test_a_plateau_that_is_never_left_needs_a_model_with_room() -> None:
    loss = wobbly(np.r_[synthetic.decay(100, floor=0.9), np.full(500, 0.9)])
    facts = synthetic.facts()
    small = synthetic.run(loss=loss, accuracy=0.6, val_accuracy=0.6, said=facts)
    assert loud(LossPlateau(), small) is None
    facts["model"] = {**facts["model"], "trainable": 5000}
    large = synthetic.run(loss=loss, accuracy=0.6, val_accuracy=0.6, said=facts)
    assert loud(LossPlateau(), large) is not None


@pytest.mark.parametrize(
    ("loss", "rate"),
    [
        pytest.param(STAIRS, {0: 0.1, 300: 0.01}, id="cut of the rate"),
        pytest.param(LATE, {0: 1e-5, 450: 0.1}, id="warm-up"),
        pytest.param(synthetic.decay(STEPS), {0: 0.1}, id="converged"),
    ],
)
def test_what_is_no_plateau(loss: synthetic.Numbers, rate: dict[int, float]) -> None:
    run = synthetic.run(loss=loss, extra={"learning_rate": rate})
    assert LossPlateau().judge(run) is None


def test_a_schedule_that_died_early_is_no_plateau() -> None:
    loss = wobbly(np.r_[synthetic.decay(100, floor=0.9), np.full(500, 0.9)])
    facts = synthetic.facts()
    facts["model"] = {**facts["model"], "trainable": 5000}
    dead = {"learning_rate": {0: 0.1, 100: 1e-6}}
    run = synthetic.run(
        loss=loss, accuracy=0.6, val_accuracy=0.6, said=facts, extra=dead
    )
    assert LossPlateau().judge(run) is None


def swinging(size: float) -> dict[int, float]:
    rng = np.random.default_rng(0)
    fall = 0.2 + 1.2 * 0.5 ** np.arange(len(PASSES))
    swings = size * np.abs(rng.standard_normal(len(PASSES)))
    return dict(zip(PASSES, fall + swings, strict=True))


def test_evaluations_that_leap() -> None:
    short: dict[str, Any] = {"accuracy": 0.7, "val_accuracy": 0.7}
    found = loud(UnstableLoss(), synthetic.run(val_loss=swinging(0.6), **short))
    assert found is not None
    assert "from one evaluation to the next" in found.summary
    calm = synthetic.run(val_loss=swinging(0.03), **short)
    assert UnstableLoss().judge(calm) is None


def test_leaps_that_cost_nothing_are_a_note() -> None:
    said = UnstableLoss().judge(synthetic.run(val_loss=swinging(0.6)))
    assert isinstance(said, Finding)
    assert said.severity is Severity.NOTE


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_the_noise_of_small_batches_is_explained(noise: float) -> None:
    loss = synthetic.decay(STEPS, floor=0.5, noise=noise)
    explained = dict.fromkeys(range(0, STEPS, 20), 0.5 * noise * 32**0.5)
    sizes = {"batch_size": dict.fromkeys(range(0, STEPS, 20), 32.0)}
    quiet = synthetic.run(loss=loss, extra={"sample_loss_std": explained, **sizes})
    assert UnstableLoss().judge(quiet) is None
    little = {step: value / 10 for step, value in explained.items()}
    jumps = synthetic.run(
        loss=loss,
        accuracy=0.6,
        val_accuracy=0.6,
        extra={"sample_loss_std": little, **sizes},
    )
    assert loud(UnstableLoss(), jumps) is not None


def test_a_cyclical_rate_swings_on_purpose() -> None:
    rate = {step: 0.1 if step // 100 % 2 == 0 else 0.001 for step in range(0, 600, 100)}
    run = synthetic.run(val_loss=swinging(0.6), extra={"learning_rate": rate})
    assert isinstance(UnstableLoss().judge(run), NotChecked)


RISE = wobbly(np.r_[synthetic.decay(300), np.linspace(0.1, 3.0, 300)])
FOR_GOOD = wobbly(np.linspace(1.38, 5.0, STEPS))


@pytest.mark.parametrize(("loss", "since"), [(RISE, 299), (FOR_GOOD, 29)])
def test_a_loss_that_rises_for_good(loss: synthetic.Numbers, since: int) -> None:
    found = loud(Divergence(), synthetic.run(loss=loss))
    assert found is not None
    assert found.severity is Severity.CRITICAL
    assert found.since is not None
    assert abs(found.since - since) <= 60


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(
            np.r_[synthetic.decay(300), synthetic.decay(300, start=2.0)],
            id="restart",
        ),
        pytest.param(
            np.r_[synthetic.decay(500), synthetic.decay(100, start=1, floor=0.4)],
            id="harder lesson",
        ),
        pytest.param(synthetic.decay(STEPS, noise=0.8), id="noise"),
        pytest.param(synthetic.decay(STEPS) + np.linspace(0, 0.1, STEPS), id="creep"),
        pytest.param(np.full(STEPS, 0.3), id="flat"),
    ],
)
def test_what_does_not_diverge(loss: synthetic.Numbers) -> None:
    assert Divergence().judge(synthetic.run(loss=loss)) is None


def test_a_loss_by_hand_may_rise() -> None:
    facts = {**synthetic.facts(), "training": {"loss_source": "backward"}}
    said = Divergence().judge(synthetic.run(loss=RISE, said=facts))
    assert isinstance(said, NotChecked)


def test_targets_that_a_model_makes_itself_are_no_order() -> None:
    """Of a replay buffer, say, where bootstrapped targets rise as the model learns."""
    targets = {"batches": 23.0, "looked": 40, "order": 0.3}
    facts = {"objective": {"task": "regression", "targets": targets}}
    rising = {"target_mean": np.linspace(0.1, 0.8, 40)}
    again = {"target_mean": np.tile(np.linspace(0.1, 0.8, 8), 5)}
    rule = UnshuffledBatches()
    assert isinstance(rule.judge(Run.of(rising, facts=facts)), NotChecked)
    assert isinstance(rule.judge(Run.of(again, facts=facts)), Finding)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ((2.5, 9.0), True),  # two in a row, the last three times the start
        ((0.5, 90.0), True),  # one alone, far beyond anything
        ((0.5, 9.0), False),  # one bad batch
        ((2.5, 3.0), False),  # no worse than it began
    ],
)
def test_a_leap_at_the_very_end_is_divergence(last, said):
    """What the weights are at the end is known from the last losses alone."""
    falling = wobbly(0.4 + 1.9 * np.exp(-np.arange(STEPS) / 80), 0.02)
    run = synthetic.run(loss=np.asarray([*falling, *last]))
    assert (loud(Divergence(), run) is not None) == said
