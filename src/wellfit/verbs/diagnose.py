"""`wellfit diagnose RUN`: every rule's word on a recorded run, root cause first."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from wellfit.core.causes import rank
from wellfit.core.errors import BadRun, BadSetting, UnknownName, nearest
from wellfit.core.finding import Diagnosis, Finding, NotChecked, coverage_of
from wellfit.core.run import Run
from wellfit.rules import all_rules
from wellfit.rules.rule import Rule

Thresholds = Mapping[str, Mapping[str, float]]


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
        run = _only(run)
    said = {rule.name(): _said(rule, run) for rule in _chosen(ignore, rules or {})}
    return Diagnosis(
        findings=rank([x for x in said.values() if isinstance(x, Finding)]),
        not_checked={n: x for n, x in said.items() if isinstance(x, NotChecked)},
        passed=tuple(name for name, x in said.items() if x is None),
        run=run.path,
        script_exit=script_exit,
        coverage=coverage_of(run.facts.get("model") or {}),
    )


def read(path: str | Path) -> tuple[Run, ...]:
    """The runs at a path: a run folder's one, or those that logs tell of.

    `BadRun` where there is none, or nothing that can be read.
    """
    from wellfit.record import open_run
    from wellfit.record.folder import databases

    if databases(Path(path)):
        return (open_run(path),)

    from wellfit.logs import read_logs

    return read_logs(path)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Surveyed:
    """One of several runs: how far it came, its losses, and what is wrong with it."""

    name: str
    run: Run
    diagnosis: Diagnosis

    @property
    def steps(self) -> int:
        """How many were seen; of logs by epoch or row, how many of those."""
        return self.run.last_step + 1

    def last(self, signal: str) -> float | None:
        """The latest value of a signal."""
        seen = self.run.get(signal)
        return seen.last if seen is not None and len(seen) else None

    def least(self, signal: str) -> float | None:
        """The least finite value of a signal."""
        seen = self.run.get(signal)
        values = seen.finite().values if seen is not None else ()
        return float(min(values)) if len(values) else None

    def to_json(self) -> dict[str, Any]:
        """The run in the form that docs/json.md pins."""
        told = self.diagnosis.to_json()
        return {
            "name": self.name,
            "run": told["run"],
            "steps": self.steps,
            "train_loss": self.last("train/loss"),
            "best_train_loss": self.least("train/loss"),
            "val_loss": self.last("val/loss"),
            "best_val_loss": self.least("val/loss"),
            "healthy": told["healthy"],
            "findings": told["findings"],
            "not_checked": told["not_checked"],
        }


def survey(
    runs: Iterable[Run],
    *,
    ignore: Collection[str] = (),
    rules: Thresholds | None = None,
) -> tuple[Surveyed, ...]:
    """A diagnosis of each of several runs, the one with the best result first.

    The result is the least validation loss; of runs without one, which come after, the
    least training loss; last is what has neither.
    """
    seen = [
        Surveyed(
            name=name_of(run),
            run=run,
            diagnosis=diagnose(run, ignore=ignore, rules=rules),
        )
        for run in runs
    ]
    return tuple(sorted(seen, key=_result))


def name_of(run: Run) -> str:
    """What to call a run: as its log was found, or by its folder."""
    named = run.facts.get("log", {}).get("name")
    return str(named or (run.path.name if run.path is not None else "run"))


def across(runs: Sequence[Run]) -> Diagnosis | None:
    """What is wrong across the runs: with their settings and their seeds."""
    try:
        from wellfit.verbs.sweep import sweep  # type: ignore[import-not-found]
    except ImportError:
        return None
    found: Diagnosis = sweep(runs)
    return found


def _result(one: Surveyed) -> tuple[int, float, str]:
    for place, signal in enumerate(("val/loss", "train/loss")):
        best = one.least(signal)
        if best is not None:
            return place, best, one.name
    return 2, math.inf, one.name


def _only(path: str | Path) -> Run:
    found = read(path)
    if len(found) > 1:
        names = ", ".join(name_of(run) for run in found[:3])
        raise BadRun(
            f"{path} holds {len(found)} runs ({names}, …): name one of them, or "
            "diagnose all of them with `wellfit diagnose`"
        )
    return found[0]


def _said(rule: Rule, run: Run) -> Finding | NotChecked | None:
    """What the rule says; a rule that fails does not take the others with it."""
    try:
        return rule.judge(run)
    except Exception as error:
        reason = f"the rule failed: {type(error).__name__}: {error}"
        return NotChecked(reason=reason)


def _chosen(ignore: Collection[str], thresholds: Thresholds) -> list[Rule]:
    rules = {rule.name(): rule for rule in all_rules()}
    for name in (*ignore, *thresholds):
        if name not in rules:
            raise UnknownName("rule", name, among=rules)
    return [
        _adjusted(rule, thresholds.get(name, {}))
        for name, rule in rules.items()
        if name not in ignore
    ]


def _adjusted(rule: Rule, thresholds: Mapping[str, Any]) -> Rule:
    known = [f.name for f in fields(rule)]
    for name, value in thresholds.items():
        if name not in known:
            hint = nearest(name, known)
            raise BadSetting(f"{rule.name()} has no threshold {name!r}{hint}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadSetting(f"{rule.name()}: {name} must be a number; got {value!r}")
    return replace(rule, **thresholds)
