"""Where a run stands: between guessing and perfection, and against a simple model."""

import numpy as np
import pytest

from tests.rules import synthetic
from wellfit.core.run import Event, Run
from wellfit.rules import results


def test_skill_is_the_way_from_guessing_to_perfection() -> None:
    stands = results.standing(synthetic.run(accuracy=1.0, val_accuracy=0.625))
    assert stands.train is not None
    assert stands.val is not None
    assert stands.reference is not None
    assert stands.train.value == pytest.approx(1.0, abs=0.02)
    assert stands.val.value == pytest.approx(0.5, abs=0.02)
    assert stands.reference.value == pytest.approx((0.95 - 0.25) / 0.75)
    assert stands.best == stands.train


def test_the_error_is_that_of_as_many_rows() -> None:
    def val_error(rows: int) -> float:
        passes = [Event(kind="evaluation", step=1, data={"phase": "val", "rows": rows})]
        facts = {"objective": {"trivial": {"accuracy": 0.5}}}
        run = Run.of({"val/accuracy": {1: 0.8}}, facts=facts, events=passes)
        val = results.standing(run).val
        assert val is not None
        return val.error

    assert val_error(100) == pytest.approx(2 * np.sqrt(0.8 * 0.2 / 100))
    assert val_error(10_000) == pytest.approx(val_error(100) / 10)


@pytest.mark.parametrize(
    ("accuracy", "reference", "reached"),
    [
        (0.95, 0.95, True),
        (0.6, 0.95, False),
        (0.3, 0.3, True),
        (0.96, None, True),
        (0.6, None, None),
    ],
)
def test_what_is_reached(
    accuracy: float, reference: float | None, reached: bool | None
) -> None:
    facts = synthetic.facts(reference=reference)
    run = synthetic.run(accuracy=accuracy, val_accuracy=accuracy, said=facts)
    assert results.standing(run).reached() is reached


def test_numbers_are_judged_by_r2() -> None:
    facts = {"reference": {"metric": "r2", "value": 0.12, "rows": 1000}}
    run = Run.of({"train/r2": [0.0, 0.1, 0.11, 0.11]}, facts=facts)
    assert results.standing(run).reached() is True
    assert results.fell_short(run) is False


def test_logarithms_of_predictions_are_no_predictions() -> None:
    facts = {"objective": {"criterion": "poisson_nll_loss"}}
    assert results.standing(Run.of({"train/r2": [-0.3]}, facts=facts)).best is None


def test_a_pass_over_the_training_rows_goes_before_the_batches_of_training() -> None:
    facts = {"objective": {"trivial": {"accuracy": 0.5}}}
    signals = {"train/accuracy": [0.6], "train/eval_accuracy": [0.9]}
    train = results.standing(Run.of(signals, facts=facts)).train
    assert train is not None
    assert train.signal == "train/eval_accuracy"


@pytest.mark.parametrize(
    ("loss", "short"),
    [([2.0] * 30, True), ([2.0] * 3 + [0.1] * 30, False), ([2.0, np.nan], True)],
)
def test_a_loss_alone_must_halve(loss: list[float], short: bool) -> None:
    assert results.fell_short(Run.of(loss=loss)) is short


def test_the_first_loss_against_that_of_guessing() -> None:
    run = synthetic.run(loss=np.full(600, 10 * synthetic.TRIVIAL))
    assert results.strained(run) == pytest.approx(10)
    sums = synthetic.facts(reduction="sum")
    assert results.strained(synthetic.run(said=sums)) is None
    assert results.strained(Run.of(loss=[1.0])) is None
