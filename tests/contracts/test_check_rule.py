"""The contract, on rules that break it: each failure says what to change."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from wellfit.contracts import check_rule
from wellfit.core.finding import Evidence, Finding, NotChecked
from wellfit.core.run import Run
from wellfit.rules.overfitting import Overfitting
from wellfit.rules.rule import Rule

RISING = Run.of(
    loss=[2.0, 1.2, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05],
    val_loss={1: 2.0, 2: 1.4, 3: 1.2, 4: 1.1, 5: 1.3, 6: 1.5, 7: 1.7, 8: 1.9},
)
FALLING = Run.of(loss=[2.0, 1.0, 0.5, 0.3])


@dataclass(frozen=True, kw_only=True, slots=True)
class Careless(Rule):
    """Says something of every run, differently each time."""

    remedies: ClassVar = ("pray",)
    said: ClassVar[list[int]] = []
    limit: Any = "high"

    def check(self, run: Run) -> Finding | NotChecked | None:
        self.said.append(1)
        return self.finding(f"something is wrong ({len(self.said)}).", confidence=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meddling(Rule):
    """Changes the run."""

    def check(self, run: Run) -> Finding | NotChecked | None:
        run.facts["training"]["steps"] = run.facts["training"]["steps"] + 1
        evidence = [Evidence(text="1")]
        return self.finding("1 is wrong", confidence=1, evidence=evidence)


def broken(promise: str, rule: Rule, *arguments: object) -> str:
    """What the contract says of a rule that breaks this promise."""
    with pytest.raises(AssertionError) as raised:
        getattr(check_rule, promise)(rule, *arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("promise", "arguments", "said"),
    [
        ("check_is_quiet", (FALLING,), "false alarm on the healthy run"),
        ("check_says_not_checked", (), "must return NotChecked on a run without data"),
        ("check_finding_is_complete", ((FALLING,),), "without a full stop"),
        ("check_is_pure", ((FALLING,),), "says different things of the same run"),
        ("check_page_is_complete", (), "lacks: What it looks at, Why it hurts"),
        ("check_example_runs", (), "needs an example"),
        ("check_name_fits_file", (), "put Careless into careless.py"),
        ("check_thresholds_have_defaults", (), "must be a number; got 'high'"),
        ("check_remedies_exist", (), "no remedy is called 'pray'"),
    ],
)
def test_a_broken_promise(
    promise: str, arguments: tuple[object, ...], said: str
) -> None:
    assert said in broken(promise, Careless(), *arguments)


def test_an_example_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Careless, "__doc__", ">>> 1 + 1\n3")
    assert "the example fails" in broken("check_example_runs", Careless())


def test_a_rule_that_changes_the_run() -> None:
    run = Run.of(facts={"training": {"steps": 1}})
    assert "changes the run" in broken("check_is_pure", Meddling(), (run,))


@pytest.mark.parametrize(
    ("planted", "said"),
    [((), "has no planted fault"), ((FALLING,), "must find the fault planted in")],
)
def test_a_rule_that_finds_nothing(planted: tuple[Run, ...], said: str) -> None:
    assert said in broken("check_fires", Overfitting(), planted)


def test_a_good_rule_keeps_every_promise() -> None:
    checks = check_rule.checks_of(
        Overfitting(), planted=[RISING], healthy={"falling": FALLING}
    )
    names = [str(check) for check in checks]
    assert "overfitting:check_is_pure" in names
    assert "overfitting:check_is_quiet[falling]" in names
    for check in checks:
        check()
