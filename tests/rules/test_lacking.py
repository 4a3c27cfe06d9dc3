"""What a rule lacked is said together with what would let it judge."""

import pytest

from wellfit.core.finding import NotChecked
from wellfit.core.run import Run
from wellfit.rules import all_rules
from wellfit.rules.lacking import lacking


@pytest.mark.parametrize(
    ("missing", "way"),
    [
        (["val/loss"], "evaluate on rows that are not trained on"),
        (["grad_norm@*", "weight_norm@*"], "train with an optimizer"),
        (["facts:objective"], "a loss of `torch.nn`"),
    ],
)
def test_the_way_out_is_named(missing: list[str], way: str) -> None:
    said = lacking(Run.of(), missing)
    assert said.startswith(("no signal ", "nothing known of the "))
    assert way in said


def test_of_a_log_the_way_out_is_to_watch() -> None:
    run = Run.of(facts={"log": {"format": "csv"}})
    assert "`wellfit run`" in lacking(run, ["grad_norm"])


def test_a_need_of_a_stranger_s_rule_is_only_named() -> None:
    said = lacking(Run.of(), ["train/karma"])
    assert said == "no signal train/karma was recorded"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name())
def test_every_rule_says_what_would_let_it_judge(rule) -> None:
    said = rule.judge(Run.of())
    assert isinstance(said, NotChecked)
    assert ":" in said.reason
