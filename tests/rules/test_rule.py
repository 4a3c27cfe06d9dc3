"""What every rule is, and how rules are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import all_rules, discovery
from wellfit.rules.rule import Rule
from wellfit.rules.sweep_rule import SweepRule
from wellfit.verbs.explain import _page

FIRST_FIFTEEN = {
    "class-imbalance",
    "constant-predictions",
    "dead-units",
    "exploding-gradients",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "missing-values",
    "non-finite-values",
    "output-loss-mismatch",
    "overfitting",
    "target-leakage",
    "underfitting",
    "undertrained",
    "unscaled-inputs",
    "vanishing-gradients",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TooLong(Rule):
    """Runs of more than `limit` steps."""

    needs: ClassVar = ("train/loss", "facts:model")
    limit: int = 2

    def check(self, run: Run) -> Finding | NotChecked | None:
        if list(run.signal("loss").steps) != sorted(run.signal("loss").steps):
            return NotChecked(reason="not in order")
        return None if run.last_step < self.limit else self.finding("3", confidence=7)


FACTS = {"model": {"class": "Net"}}


def test_the_first_fifteen_are_there_by_name() -> None:
    names = [rule.name() for rule in all_rules()]
    assert set(names) >= FIRST_FIFTEEN
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("run", "missing"),
    [
        (Run.of(facts=FACTS), "no signal train/loss was recorded"),
        (Run.of(loss=[1.0]), "nothing known of the model was recorded"),
        (Run.of(), "no signal train/loss and nothing known of the model"),
    ],
)
def test_what_is_missing_is_said(run: Run, missing: str) -> None:
    found = TooLong().judge(run)
    assert isinstance(found, NotChecked)
    assert missing in found.reason


def test_a_finding_bears_its_rule_and_a_probability() -> None:
    found = TooLong().judge(Run.of(loss=[1.0, 1.0, 1.0], facts=FACTS))
    assert isinstance(found, Finding)
    assert (found.rule, found.confidence) == ("too-long", 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class TooFew(SweepRule):
    """There are fewer runs than two."""

    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        return self.finding("1 run", confidence=1) if len(runs) < 2 else None


def test_signals_come_in_the_order_of_their_steps() -> None:
    run = Run.of({"loss": {3: 1.0, 1: 2.0, 0: 3.0}}, facts=FACTS)
    assert isinstance(TooLong().judge(run), Finding)


def plugged(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> tuple[Rule | SweepRule, ...]:
    point = EntryPoint(name="too-long", value=value, group=discovery.GROUP)
    monkeypatch.setattr(discovery, "entry_points", lambda *, group: [point])
    return discovery.found_rules()


def test_a_stranger_s_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = plugged(monkeypatch, "tests.rules.test_rule:TooLong")
    assert "too-long" in [rule.name() for rule in rules]


def test_a_stranger_s_sweep_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (rule,) = (
        rule
        for rule in plugged(monkeypatch, "tests.rules.test_rule:TooFew")
        if rule.name() == "too-few"
    )
    assert isinstance(rule, SweepRule)
    assert isinstance(rule.judge([Run.of()]), Finding)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_module:Rule", "ModuleNotFoundError"),
        ("tests.rules.test_rule:FACTS", "not a concrete subclass"),
        ("wellfit.rules.rule:Rule", "not a concrete subclass"),
    ],
)
def test_a_plugin_that_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    with pytest.warns(UserWarning, match=f"the rule too-long was left out.*{said}"):
        rules = plugged(monkeypatch, value)
    assert {rule.name() for rule in rules} >= FIRST_FIFTEEN


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRule(Rule):
    """Says it of every run."""

    preview: ClassVar[bool] = True

    def check(self, run: Run) -> Finding:
        return self.finding("seen", confidence=0.9, severity=Severity.CRITICAL)


def test_a_preview_says_notes_only() -> None:
    said = NewRule().judge(Run.of(loss=[1.0]))
    assert isinstance(said, Finding)
    assert said.severity is Severity.NOTE
    assert "Preview" in _page(NewRule())
