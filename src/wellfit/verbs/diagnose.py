"""`wellfit diagnose RUN`: every rule's word on a recorded run, root cause first."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from wellfit.core.causes import rank
from wellfit.core.errors import BadSetting, UnknownName, nearest
from wellfit.core.finding import Diagnosis, Finding, NotChecked, coverage_of
from wellfit.core.run import Run
from wellfit.rules import all_rules, all_sweep_rules
from wellfit.rules.rule import Rule
from wellfit.rules.sweep_rule import SweepRule

Thresholds = Mapping[str, Mapping[str, float]]
Said = Finding | NotChecked | None


def diagnose(
    run: Run | str | Path,
    *,
    ignore: Collection[str] = (),
    rules: Thresholds | None = None,
    script_exit: int | None = None,
) -> Diagnosis:
    """Say what is wrong with a run, most probable root cause first.

    `run` is a Run, the folder of one, or a log that another tool wrote (docs/logs.md).
    `ignore` names rules to leave out; `rules` sets thresholds,
    `{"overfitting": {"rise": 0.2}}`. `script_exit` is passed on. `UnknownName` for a
    rule that does not exist, `BadSetting` for a threshold that does not, `BadRun` for
    what cannot be read, or tells of several runs.
    """
    if not isinstance(run, Run):
        from wellfit.verbs.read import only

        run = only(run)
    said: dict[str, Said] = {}
    for rule in chosen(ignore, rules or {}):
        if isinstance(rule, Rule):
            said[rule.name()] = answer(rule.judge, run)
        elif rule.alone and run.facts.get("search"):
            said[rule.name()] = answer(rule.judge, [run])
    return Diagnosis(
        findings=rank([x for x in said.values() if isinstance(x, Finding)]),
        not_checked={n: x for n, x in said.items() if isinstance(x, NotChecked)},
        passed=tuple(name for name, x in said.items() if x is None),
        run=run.path,
        script_exit=script_exit,
        coverage=coverage_of(run.facts.get("model") or {}),
    )


def answer(judge: Callable[[Any], Said], seen: Any) -> Said:
    """What a rule says; a rule that fails does not take the others with it."""
    try:
        return judge(seen)
    except Exception as error:
        reason = f"the rule failed: {type(error).__name__}: {error}"
        return NotChecked(reason=reason)


def chosen(ignore: Collection[str], thresholds: Thresholds) -> list[Rule | SweepRule]:
    """The rules of both kinds, but for those ignored, with their thresholds set."""
    every: list[Rule | SweepRule] = [*all_rules(), *all_sweep_rules()]
    rules = {rule.name(): rule for rule in every}
    for name in (*ignore, *thresholds):
        if name not in rules:
            raise UnknownName("rule", name, among=rules)
    return [
        _adjusted(rule, thresholds.get(name, {}))
        for name, rule in rules.items()
        if name not in ignore
    ]


def _adjusted(
    rule: Rule | SweepRule, thresholds: Mapping[str, Any]
) -> Rule | SweepRule:
    known = [f.name for f in fields(rule)]
    for name, value in thresholds.items():
        if name not in known:
            hint = nearest(name, known)
            raise BadSetting(f"{rule.name()} has no threshold {name!r}{hint}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadSetting(f"{rule.name()}: {name} must be a number; got {value!r}")
    return replace(rule, **thresholds)
