"""`sweep`: what several runs tell together."""

from pathlib import Path

import pytest

from tests.rules.small_sweeps import a_run, planted
from wellfit.core.errors import BadRun, BadSetting, UnknownName
from wellfit.core.run import Run
from wellfit.record import Recorder
from wellfit.rules import all_sweep_rules
from wellfit.verbs.diagnose import diagnose
from wellfit.verbs.sweep import sweep

APART = [a_run(s, seed=n, settings={}) for n, s in enumerate((0.9, 0.2, 0.9, 0.1))]
NAMES = {rule.name() for rule in all_sweep_rules()}


def test_every_sweep_rule_has_its_say() -> None:
    said = sweep(APART)
    assert [f.rule for f in said.findings] == ["seed-sensitivity"]
    assert {"seed-sensitivity", *said.not_checked, *said.passed} == NAMES
    assert said.healthy is False


def test_a_sweep_in_which_nothing_is_wrong_is_not_called_healthy() -> None:
    runs = [a_run(0.9, seed=n, settings={}) for n in range(4)]
    assert sweep(runs).healthy is None


def test_runs_are_opened_by_their_folders(tmp_path: Path) -> None:
    for place, run in enumerate(APART):
        with Recorder(tmp_path / str(place)) as recorder:
            for name, fact in run.facts.items():
                recorder.fact(name, fact)
            recorder.event("evaluation", 99, phase="val", rows=400)
            recorder.value("val/accuracy", 99, run.signal("val/accuracy").last)
    said = sweep([tmp_path / str(place) for place in range(4)])
    assert said.findings == sweep(APART).findings


def test_what_cannot_be_judged() -> None:
    with pytest.raises(BadSetting, match="at least one run"):
        sweep([])
    with pytest.raises(BadRun):
        sweep([Path("nowhere")])
    with pytest.raises(UnknownName):
        sweep(APART, ignore=["seed-sensitivty"])
    assert set(sweep([Run.of()]).not_checked) == NAMES


def test_rules_are_ignored_and_set_as_for_one_run() -> None:
    assert sweep(APART, ignore=["seed-sensitivity", "overfitting"]).findings == ()
    assert sweep(APART, rules={"seed-sensitivity": {"share": 9.0}}).findings == ()
    assert diagnose(Run.of(), ignore=["seed-sensitivity"]).findings == ()


def test_a_search_that_one_run_holds_is_judged_with_it() -> None:
    (run,) = planted("optimum-at-boundary")[0]
    found = [f.rule for f in diagnose(run).findings]
    assert found == ["optimum-at-boundary"]
    assert "optimum-at-boundary" not in diagnose(Run.of()).not_checked
