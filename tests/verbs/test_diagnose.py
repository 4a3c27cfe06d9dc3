"""A diagnosis of a run: what every rule said, in the order of causes."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import wellfit.verbs.diagnose as module
from wellfit.core.errors import BadRun, BadSetting, UnknownName
from wellfit.core.finding import Finding, NotChecked
from wellfit.core.run import Run
from wellfit.record import Recorder
from wellfit.rules import all_rules
from wellfit.rules.rule import Rule
from wellfit.verbs.diagnose import diagnose

RISING = Run.of(
    loss=[2.0, 1.2, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05],
    val_loss={1: 2.0, 2: 1.4, 3: 1.2, 4: 1.1, 5: 1.3, 6: 1.5, 7: 1.7, 8: 1.9},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken(Rule):
    """A rule with a bug."""

    def check(self, run: Run) -> Finding | NotChecked | None:
        raise ZeroDivisionError("division by zero")


def test_every_rule_has_its_say() -> None:
    said = diagnose(RISING)
    found = {f.rule for f in said.findings}
    assert "overfitting" in found
    assert {*found, *said.not_checked, *said.passed} == {
        rule.name() for rule in all_rules()
    }


def test_nothing_is_healthy_that_was_not_checked() -> None:
    said = diagnose(Run.of())
    assert said.findings == ()
    assert said.healthy is None
    assert len(said.not_checked) == len(all_rules())


def test_a_recorded_run_is_opened_by_its_folder(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as recorder:
        for name, signal in RISING.signals.items():
            for step, value in zip(signal.steps, signal.values, strict=True):
                recorder.value(name, int(step), float(value))
    said = diagnose(tmp_path / "run")
    assert said.findings == diagnose(RISING).findings
    assert said.run == tmp_path / "run"


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadRun):
        diagnose(tmp_path)


def test_ignored_rules_say_nothing() -> None:
    said = diagnose(RISING, ignore=["overfitting"])
    names = {*said.not_checked, *said.passed, *(f.rule for f in said.findings)}
    assert "overfitting" not in names


def test_thresholds_can_be_set() -> None:
    lax = {
        "overfitting": {
            "rise": 9.0,
            "gap": 9.0,
            "slight": 9.0,
            "grown": 9.0,
            "much": 9.0,
        }
    }
    assert diagnose(RISING, rules=lax).findings == ()


@pytest.mark.parametrize("names", [{"ignore": ["overfiting"]}, {"rules": {"x": {}}}])
def test_rules_that_do_not_exist(names: dict[str, object]) -> None:
    with pytest.raises(UnknownName, match="no rule"):
        diagnose(RISING, **names)  # type: ignore[arg-type]


def test_thresholds_that_do_not_exist() -> None:
    with pytest.raises(BadSetting, match="no threshold 'rize'; did you mean 'rise'"):
        diagnose(RISING, rules={"overfitting": {"rize": 1}})


@pytest.mark.parametrize("value", ["high", True, None])
def test_thresholds_are_numbers(value: object) -> None:
    with pytest.raises(BadSetting, match="must be a number"):
        diagnose(RISING, rules={"overfitting": {"rise": value}})  # type: ignore[dict-item]


def test_a_rule_with_a_bug_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = (*all_rules(), Broken())
    monkeypatch.setattr(module, "all_rules", lambda: rules)
    said = diagnose(RISING)
    assert said.not_checked["broken"].reason == (
        "the rule failed: ZeroDivisionError: division by zero"
    )
    assert said.findings == diagnose(RISING).findings


def test_the_script_s_status_is_passed_on() -> None:
    assert diagnose(RISING, script_exit=3).to_json()["script_exit"] == 3
