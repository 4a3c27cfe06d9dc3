"""The contract of rules, on runs recorded from bench/trainings, and on made-up tables.

Rules that find nothing in a planted fault are named below, each with its reason.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.rules import devices, tables
from wellfit.contracts.check_rule import Check, checks_of
from wellfit.core.finding import Severity
from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.rules import all_rules
from wellfit.rules.rule import Rule
from wellfit.verbs.diagnose import diagnose

RUNS = Path(__file__).parent.parent / "runs"

# Trainings whose fault is not seen yet, and why.
UNSEEN = {
    "constant-predictions-constant_misaligned_rows": "its loss is computed by hand: "
    "neither outputs nor targets are seen",
    "learning-rate-too-high-lr_high_wobble": "it does as well as a forest: nothing "
    "tells that a lower rate would do better",
    "missing-values-missing_coded_minus_99": "once standardised, the code looks like "
    "the tail of a skewed column: a note",
    "output-loss-mismatch-mismatch_broadcast_mse": "its loss is computed by hand: "
    "neither outputs nor targets are seen",
    "target-leakage-leak_visit_outcome_mild": "a column that tells 92 % may be an "
    "honest one: a note",
    "vanishing-gradients-vanishing_long_memory": "it dies through time, within one "
    "layer: no signal tells gradients by time",
}


@cache
def healthy() -> dict[str, Run]:
    recorded = sorted(RUNS.glob("healthy/*/run.db"))
    return {
        **{p.parent.name: open_run(p) for p in recorded},
        **devices.HEALTHY,
        **tables.healthy(),
    }


@cache
def planted(rule: str) -> tuple[Run, ...]:
    folders = (p.parent for p in sorted(RUNS.glob(f"faulty/{rule}-*/run.db")))
    seen = tuple(open_run(f) for f in folders if f.name not in UNSEEN)
    return seen + devices.PLANTED.get(rule, ()) + tables.planted(rule)


def promises() -> Iterator[Check]:
    for rule in all_rules():
        yield from checks_of(rule, planted=planted(rule.name()), healthy=healthy())


@pytest.mark.parametrize("check", list(promises()), ids=str)
def test_promise(check: Check) -> None:
    check()


def test_there_are_healthy_runs_enough() -> None:
    assert len(healthy()) >= 20


@pytest.mark.parametrize("run", list(healthy().values()), ids=list(healthy()))
def test_a_healthy_run_is_not_called_sick(run: Run) -> None:
    said = diagnose(run)
    assert said.healthy is not False
    assert not [r for r in said.not_checked.values() if "failed" in r.reason]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name())
def test_the_planted_fault_comes_first(rule: Rule) -> None:
    for run in planted(rule.name()):
        found = diagnose(run).findings
        by_nature = rule.severity is Severity.NOTE
        told = [f.rule for f in found if by_nature or f.severity is not Severity.NOTE]
        seen = run.path or run.facts.get("command", "built")
        assert told[0] == rule.name(), f"{seen}: {told}"


@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_seen_is_still_not_seen(name: str) -> None:
    """Take it out of the list above as soon as it is seen."""
    rule = next(r for r in all_rules() if name.startswith(r.name()))
    found = diagnose(open_run(RUNS / "faulty" / name)).findings
    grave = [f.rule for f in found if f.severity is not Severity.NOTE]
    assert rule.name() not in grave
