"""What is tried on a run is what has an act for it, and is judged by what it has."""

import pytest

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.remedies.plans import acts
from wellfit.remedies.remedy import Remedy
from wellfit.trials.metric import metric_of
from wellfit.trials.proposals import proposals_for


def found(rule, *remedies, where=()):
    return Finding(
        rule=rule,
        severity=Severity.WARNING,
        confidence=1.0,
        summary="1",
        remedies=remedies,
        where=where,
    )


def run_of(framework, **signals):
    return Run.of(facts={"command": {"framework": framework}}, **signals)


def test_each_framework_gets_what_has_an_act_for_it():
    finding = found("unscaled-inputs", *acts())
    diagnosis = Diagnosis(findings=(finding,))
    for framework, act in (("torch", "apply"), ("sklearn", "refit")):
        run = run_of(framework)
        names = {p.change.change for p in proposals_for(run, diagnosis)}
        assert names
        assert all(getattr(acts()[n], act) is not getattr(Remedy, act) for n in names)
    assert "cross-features" in names
    assert "clip-gradients" not in names


def test_leaking_columns_are_those_of_the_finding():
    leak = found("target-leakage", "drop-leaking-features", where=("paid", "due"))
    (one,) = proposals_for(run_of("sklearn"), Diagnosis(findings=(leak,)))
    assert one.change.params == {"columns": ("paid", "due")}
    other = found("uninformative-features", "drop-leaking-features", where=("id",))
    assert proposals_for(run_of("sklearn"), Diagnosis(findings=(other,))) == ()


SEEN = {"val/accuracy": [0.5], "val/loss": [1.0], "val/balanced_accuracy": [0.4]}


@pytest.mark.parametrize(
    ("framework", "signals", "rule", "expected"),
    [
        ("torch", SEEN, "overfitting", "val/loss"),
        ("xgboost", SEEN, "overfitting", "val/loss"),
        ("sklearn", SEEN, "overfitting", "val/accuracy"),
        ("sklearn", SEEN | {"val/log_loss": [0.7]}, "overfitting", "val/log_loss"),
        ("sklearn", SEEN, "class-imbalance", "val/balanced_accuracy"),
        ("sklearn", {"val/rmse": [2.0], "val/r2": [0.1]}, "underfitting", "val/r2"),
        ("sklearn", {"train/eval_accuracy": [0.9]}, "overfitting", None),
        ("torch", {"loss": [0.9]}, "overfitting", None),
    ],
)
def test_the_metric_is_of_the_validation_that_there_is(
    framework, signals, rule, expected
):
    run = run_of(framework, **signals)
    metric = metric_of(run, None, [found(rule)])
    assert metric.name == (expected or next(iter(signals)))
    assert ("validates nothing" in metric.note) == (expected is None)
    assert metric.of(run) > 0
