"""What remedies propose hangs on what a run says; of one that says nothing, nothing."""

import pytest

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding, Severity
from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.remedies.plans import acts, remedy_of


def finding(rule="unstable-loss"):
    return Finding(rule=rule, severity=Severity.WARNING, confidence=1.0, summary="1")


def steps(count):
    return {"training": {"steps": count}}


LOADER = {"loaders": {"train": {"batch_size": 8}}}
NORMED = {"model": {"layers": [{"kind": "BatchNorm2d"}]}}
CASES = [
    ("switch-optimizer", {"optimizer": {"kind": "SGD"}}, ["to=adamw, rate=0.001"]),
    (
        "switch-optimizer",
        {"optimizer": {"kind": "AdamW"}},
        ["to=sgd-momentum, rate=0.01"],
    ),
    ("switch-optimizer", {}, []),
    ("find-learning-rate", steps(1000), ["steps=100"]),
    ("find-learning-rate", steps(400), ["steps=80"]),
    ("find-learning-rate", steps(200), []),
    ("find-learning-rate", {}, []),
    (
        "average-weights",
        steps(1000),
        ["kind=ema, decay=0.99, start=0", "kind=swa, decay=0.99, start=750"],
    ),
    ("average-weights", {}, []),
    ("train-longer", LOADER, ["factor=2.0"]),
    ("train-longer", {"loaders": {}}, []),
    ("resize-batch", LOADER, ["factor=4.0"]),
    ("resize-batch", {}, []),
    ("unfreeze-parameters", {"model": {"frozen": ["a"]}}, [""]),
    ("unfreeze-parameters", {"loop": {"unstepped": ["a"]}}, [""]),
    ("unfreeze-parameters", {"model": {"frozen": []}}, []),
    ("steady-batchnorm", NORMED | steps(1000), ["momentum=0.01"]),
    ("steady-batchnorm", NORMED | steps(100), []),
    ("steady-batchnorm", steps(1000), []),
    (
        "schedule-learning-rate",
        steps(50),
        ["steps=50, kind=cosine", "steps=50, kind=one-cycle"],
    ),
    ("schedule-learning-rate", {}, []),
]


@pytest.mark.parametrize(("name", "facts", "expected"), CASES)
def test_proposals_hang_on_the_run(name, facts, expected):
    proposed = acts()[name].proposals(Run.of(facts=facts), finding())
    assert [str(p.change) for p in proposed] == [f"{name}({e})" for e in expected]


def test_smaller_batches_where_memory_lacks():
    kind = acts()["resize-batch"]
    proposed = kind.proposals(Run.of(facts=LOADER), finding("out-of-memory"))
    assert [p.factor for p in proposed] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("losses", "patience"),
    [
        ([3, 2, 1, 2, 3, 4], [1]),
        ([9, 8, 7, *range(8, 25)], [2]),
        ([3, 2, 1], []),
        ([3, 2, 1, 2], []),
        ([3, float("nan"), 2, 3, 4], [1]),
    ],
)
def test_it_ends_early_where_there_was_time_after_the_best(losses, patience):
    run = Run.of(**{"val/loss": [float(loss) for loss in losses]})
    proposed = acts()["stop-early"].proposals(run, finding("overfitting"))
    assert [p.patience for p in proposed] == patience
    assert acts()["stop-early"].proposals(Run.of(), finding("overfitting")) == ()


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("switch-optimizer", {"rate": 0.0}, "rate must be above 0; got 0"),
        ("switch-optimizer", {"to": "adamax"}, "got 'adamax'; did you mean 'adam'"),
        ("find-learning-rate", {"steps": 20}, "steps must be 60 or more"),
        ("average-weights", {"decay": 1.0}, "decay must be above 0 and below 1; got 1"),
        ("average-weights", {"start": -1}, "start must be 0 or more steps; got -1"),
        ("stop-early", {"patience": 0}, "patience must be 1 or more; got 0"),
        ("train-longer", {"factor": 1.0}, "factor must be above 1; got 1"),
        ("resize-batch", {"factor": 1.0}, "factor must be above 0, and not 1; got 1"),
        ("accumulate-gradients", {"batches": 1}, "batches must be 2 or more; got 1"),
        ("relax-regularization", {"factor": 1.5}, "above 0 and below 1; got 1.5"),
        ("steady-batchnorm", {"momentum": 0.0}, "above 0 and below 1; got 0"),
        ("schedule-learning-rate", {"kind": "cosin"}, "did you mean 'cosine'"),
    ],
)
def test_what_cannot_be_is_refused(name, params, said):
    with pytest.raises(BadSetting, match=said):
        remedy_of(Change(change=name, params=params))
