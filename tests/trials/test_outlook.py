"""By what a search is judged, where a change of the loss is to be tried."""

import pytest

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.trials.outlook import judged_by

MISMATCH = Diagnosis(
    findings=(
        Finding(
            rule="output-loss-mismatch",
            severity=Severity.CRITICAL,
            confidence=0.9,
            summary="the loss is given what it is not made for",
            remedies=("fix-output-loss",),
        ),
    )
)


def run(*signals):
    facts = {"objective": {"criterion": "mse_loss", "outputs": {}}}
    return Run.of({name: [0.5, 0.4] for name in signals}, facts=facts)


@pytest.mark.parametrize("score", ["val/accuracy", "val/r2"])
def test_a_score_takes_the_place_of_a_loss_that_a_change_redefines(score):
    metric = judged_by(run("val/loss", score), MISMATCH, None)
    assert (metric.name, metric.greater_is_better) == (score, True)
    assert metric.note


def test_the_loss_stays_where_there_is_no_score_or_another_is_asked_for():
    assert judged_by(run("val/loss"), MISMATCH, None).name == "val/loss"
    named = judged_by(run("val/loss", "val/r2"), MISMATCH, "val/loss")
    assert named.name == "val/loss"
    assert judged_by(run("val/loss", "val/r2"), Diagnosis(), None).name == "val/loss"
