"""Over-regularisation, order and hidden classes, told from what looks like them."""

from typing import Any

import pytest

from tests.rules import synthetic
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Event, Run
from wellfit.rules.metric_hides_minority import MetricHidesMinority
from wellfit.rules.over_regularized import OverRegularized
from wellfit.rules.unshuffled_batches import UnshuffledBatches

LOOKS = range(0, 600, 20)
POOR: dict[str, Any] = {"accuracy": 0.6, "val_accuracy": 0.7}


def steadily(value: float) -> dict[int, float]:
    return dict.fromkeys(LOOKS, value)


def held(**said: Any) -> dict[str, Any]:
    """Facts and signals of a run that something holds back."""
    facts = synthetic.facts()
    layers = facts["model"]["layers"]
    if "dropout" in said:
        drop = {"name": "drop", "kind": "Dropout", "dropout": said["dropout"]}
        facts["model"]["layers"] = [*layers, {**drop, "tensors": [], "parameters": 0}]
    if "decay" in said:
        group = {"lr": 0.01, "weight_decay": said["decay"]}
        group["decoupled_weight_decay"] = said.get("decoupled", False)
        facts["optimizer"] = {"kind": "SGD", "groups": [group]}
    if "limit" in said:
        facts["clipping"] = {"kind": "norm", "limit": said["limit"]}
    if "smoothing" in said:
        facts["objective"]["label_smoothing"] = said["smoothing"]
    extra = {"grad_norm": steadily(1.0), "update_ratio": steadily(0.01)}
    if "objective" in said:
        extra["objective"] = dict.fromkeys(LOOKS, said["objective"])
    return {"said": facts, "extra": {**extra, "learning_rate": {0: 0.01}}}


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"dropout": 0.9}, "dropout takes 90 %"),
        ({"decay": 0.1}, "weight decay of 0.1 pulls"),  # 0.1 × 10 against 1
        ({"decay": 0.5, "decoupled": True}, "of the whole step"),
        ({"limit": 0.01}, "are clipped, from 1 to 0.01"),
        ({"smoothing": 0.6}, "labels are smoothed by 0.6"),
        ({"objective": 1.0}, "penalties are 90 %"),
    ],
)
def test_each_thing_that_holds_back(said: dict[str, Any], word: str) -> None:
    found = OverRegularized().judge(synthetic.run(**POOR, **held(**said)))
    assert isinstance(found, Finding)
    assert word in found.summary
    good = synthetic.run(**held(**said))
    assert OverRegularized().judge(good) is None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"dropout": 0.5},
        {"decay": 1e-3},
        {"decay": 0.05, "decoupled": True},
        {"limit": 1.0},
        {"smoothing": 0.1},
        {"objective": 0.12},
    ],
)
def test_usual_strengths_explain_nothing(said: dict[str, Any]) -> None:
    run = synthetic.run(**POOR, **held(**said))
    assert OverRegularized().judge(run) is None


def test_a_good_fit_is_not_held_back() -> None:
    run = synthetic.run(accuracy=0.99, val_accuracy=0.6, **held(dropout=0.9))
    assert OverRegularized().judge(run) is None


def in_order(
    batches: float = 20.0, looked: int = 30, *, kind: str = "Linear", **objective: Any
) -> dict[str, Any]:
    facts = synthetic.facts(**objective)
    targets = {**facts["objective"]["targets"], "order": 0.1}
    facts["objective"]["targets"] = {**targets, "batches": batches, "looked": looked}
    facts["model"]["layers"][0]["kind"] = kind
    return facts


def test_batches_of_one_kind() -> None:
    found = UnshuffledBatches().judge(synthetic.run(said=in_order()))
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING


def test_some_order_counts_where_something_is_lost() -> None:
    some = in_order(6.0)
    said = UnshuffledBatches().judge(synthetic.run(said=some))
    assert isinstance(said, Finding)
    assert said.severity is Severity.NOTE
    said = UnshuffledBatches().judge(synthetic.run(said=some, **POOR))
    assert isinstance(said, Finding)
    assert said.severity is Severity.WARNING


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(in_order(1.1), id="mixed"),
        pytest.param(in_order(0.0), id="balanced"),
        pytest.param(in_order(3.5, looked=8), id="chance"),
        pytest.param(in_order(kind="GRU", task="regression"), id="series"),
    ],
)
def test_orders_that_do_no_harm(facts: dict[str, Any]) -> None:
    assert UnshuffledBatches().judge(synthetic.run(said=facts)) is None


def test_few_batches_show_no_order() -> None:
    run = synthetic.run(said=in_order(looked=3))
    assert isinstance(UnshuffledBatches().judge(run), NotChecked)


def recalled(
    *recalls: float, counts: tuple[int, ...], accuracy: float, rows: int = 500
) -> Run:
    signals: dict[str, Any] = {
        f"val/recall@{k}": [recall] * 3 for k, recall in enumerate(recalls)
    }
    said = Event(kind="evaluation", step=2, data={"phase": "val", "rows": rows})
    return Run.of(
        {**signals, "val/accuracy": [accuracy] * 3},
        facts=synthetic.facts(counts=counts),
        events=[said],
    )


def test_a_class_that_is_not_rare_and_never_found() -> None:
    run = recalled(0.95, 0.9, 0.05, counts=(500, 360, 140), accuracy=0.8)
    found = MetricHidesMinority().judge(run)
    assert isinstance(found, Finding)
    assert found.severity is Severity.WARNING
    assert found.where == ("2",)


def test_a_rare_class_is_for_another_rule() -> None:
    run = recalled(1.0, 0.0, counts=(970, 30), accuracy=0.97)
    said = MetricHidesMinority().judge(run)
    assert isinstance(said, Finding)
    assert said.severity is Severity.NOTE


@pytest.mark.parametrize(
    "run",
    [
        recalled(0.95, 0.9, 0.7, counts=(500, 360, 140), accuracy=0.9),
        recalled(0.95, 0.9, 0.05, counts=(500, 360, 140), accuracy=0.8, rows=40),
        recalled(0.5, 0.4, 0.05, counts=(500, 360, 140), accuracy=0.4),
        recalled(0.3, 0.25, 0.05, counts=(900, 360, 300), accuracy=0.75),
    ],
    ids=["found", "few rows", "poor accuracy", "poor at all of them"],
)
def test_what_hides_nothing(run: Run) -> None:
    assert MetricHidesMinority().judge(run) is None
