"""The contract of sweep rules, on real sweeps of very small trainings."""

from collections.abc import Iterator

import pytest

from tests.rules import small_sweeps
from wellfit.contracts.check_rule import Check, checks_of
from wellfit.core.finding import Severity
from wellfit.rules import all_rules, all_sweep_rules
from wellfit.verbs.sweep import sweep


def promises() -> Iterator[Check]:
    for rule in all_sweep_rules():
        yield from checks_of(
            rule,
            planted=small_sweeps.planted(rule.name()),
            healthy=small_sweeps.healthy(),
        )


@pytest.mark.parametrize("check", list(promises()), ids=str)
def test_promise(check: Check) -> None:
    check()


@pytest.mark.parametrize("rule", [rule.name() for rule in all_sweep_rules()])
def test_the_planted_fault_comes_first(rule: str) -> None:
    for runs in small_sweeps.planted(rule):
        found = sweep(runs).findings
        grave = [f.rule for f in found if f.severity is not Severity.NOTE]
        assert grave[0] == rule


@pytest.mark.parametrize("name", small_sweeps.healthy())
def test_a_healthy_sweep_is_not_called_sick(name: str) -> None:
    said = sweep(small_sweeps.healthy()[name])
    assert said.healthy is not False
    assert not [r for r in said.not_checked.values() if "failed" in r.reason]


def test_a_name_is_of_one_rule() -> None:
    names = [rule.name() for rule in (*all_rules(), *all_sweep_rules())]
    assert len(names) == len(set(names))
