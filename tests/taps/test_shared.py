"""What two taps know stands in the run once."""

from contextlib import contextmanager

from wellfit.taps.shared import Shared
from wellfit.taps.tap import enter, leave
from wellfit.taps.told import Told


class Torch:
    """A tap at work, as far as another can see."""

    framework = "torch"

    def __init__(self, records, step=0):
        self.records, self.step = records, step


@contextmanager
def below(records, step=0):
    """Within it a tap of PyTorch's writes there."""
    tap = Torch(records, step)
    enter(tap)
    try:
        yield tap
    finally:
        leave(tap)


def test_a_metric_keeps_its_name_where_nobody_else_says_it(said):
    told = Told(Shared(said))
    told.steps(3)
    told.metrics({"val_f1": 0.5, "val_loss": 0.7, "epoch": 1.0, "note": "none"})
    assert said.values == {"val/f1": [(3, 0.5)], "val/loss": [(3, 0.7)]}
    assert said.facts["metrics"] == {"val/f1": "val_f1", "val/loss": "val_loss"}


def test_a_loss_that_both_know_stands_beside(said):
    shared = Shared(said)
    told = Told(shared)
    with below(shared, step=4):
        told.steps(999)
        told.metric("val_loss", 0.7)
        assert not said.values  # the other may be about to say it
        shared.value("val/loss", 4, 0.71)
        shared.value("train/loss", 5, 1.0)
    assert said.values["val/loss"] == [(4, 0.71)]
    assert said.values["val/logged_loss"] == [(4, 0.7)]
    assert said.facts["metrics"] == {"val/logged_loss": "val_loss"}


def test_it_stands_beside_whoever_is_first(said):
    shared = Shared(said)
    told = Told(shared)
    with below(shared, step=4):
        shared.value("val/loss", 4, 0.71)
        told.steps(0)
        told.metric("val_loss", 0.7)
    assert said.values["val/logged_loss"] == [(4, 0.7)]


def test_a_loss_that_only_the_framework_knows_is_the_loss(said):
    shared = Shared(said)
    told = Told(shared)
    with below(shared, step=4) as tap:
        told.steps(0)
        told.metric("eval_loss", 0.7)
        shared.value("train/loss", 5, 1.0)
        assert said.values["val/loss"] == [(4, 0.7)]
        tap.step = 8
        told.steps(0)
        told.metric("eval_loss", 0.6)
    shared.settle()
    assert said.values["val/loss"] == [(4, 0.7), (8, 0.6)]
    assert said.facts["metrics"] == {"val/loss": "eval_loss"}


def test_of_training_what_both_know_is_not_waited_for(said):
    shared = Shared(said)
    told = Told(shared)
    with below(shared, step=2):
        told.steps(0)
        told.metrics({"loss": 0.7, "learning_rate": 0.1, "grad_norm": 3.0})
        told.metrics({"train_loss": 0.8})
    assert said.values == {
        "train/logged_loss": [(2, 0.7)],
        "train/train_loss": [(2, 0.8)],
    }


def test_of_two_metrics_of_one_name_the_second_keeps_its_own_in_full(said):
    told = Told(Shared(said))
    told.metrics({"val_f1": 0.1, "valid/f1": 0.2})
    assert said.facts["metrics"] == {"val/f1": "val_f1", "val/valid_f1": "valid/f1"}


def test_the_framework_knows_what_it_evaluates(said):
    shared = Shared(said)
    shared.evaluate("val", 4)
    shared.value("val/loss", 4, 0.7)
    shared.event("evaluation", 4, phase="val", rows=2)
    shared.value("test/loss", 4, 0.9)  # another set: PyTorch's tap takes it for a test
    shared.event("evaluation", 4, phase="test", rows=3)
    shared.value("train/eval_loss", 4, 0.5)
    shared.value("test/loss", 8, 0.6)
    assert said.values == {
        "val/loss": [(4, 0.7)],
        "train/eval_loss": [(4, 0.5)],
        "test/loss": [(8, 0.6)],
    }
    assert [data["phase"] for _, _, data in said.events] == ["val", "val"]


def test_epochs_are_told_by_the_framework_while_it_trains(said):
    shared = Shared(said)
    lightning, accelerate = Told(shared), Told(shared)
    lightning.begin(name="lightning")
    shared.event("epoch", 3, number=1)
    assert accelerate.by_another
    assert not lightning.by_another
    lightning.steps(4)
    lightning.epoch(7, steps=4)
    lightning.end()
    shared.event("epoch", 9, number=2)
    assert said.events == [
        ("epoch", 4, {"number": 7, "steps": 4}),
        ("epoch", 9, {"number": 2}),
    ]
    assert said.facts["framework"] == {"name": "lightning", "epochs": 7}


def test_a_claim_outlives_another_within_it(said):
    shared = Shared(said)
    outer, inner = Told(shared), Told(shared)
    outer.begin()
    inner.begin()
    inner.end()
    shared.event("epoch", 3, number=1)
    assert not said.events
    assert not outer.by_another
