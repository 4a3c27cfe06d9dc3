"""What every rule promises, checked: ours, and a stranger's.

    from wellfit.contracts.check_rule import checks_of
    checks = checks_of(MyRule(), planted=[broken], healthy={"mlp": good})

    @pytest.mark.parametrize("check", checks, ids=str)
    def test_promise(check):
        check()

`planted` are runs with the fault that the rule is for, `healthy` runs without any. Of a
sweep rule each is a sweep: a tuple of runs. Each failure says what to change.
"""

import doctest
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import partial
from io import StringIO

import numpy as np

from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.remedies import REMEDIES
from wellfit.rules.rule import Rule
from wellfit.rules.sweep_rule import SweepRule

Judge = Rule | SweepRule
Seen = Run | tuple[Run, ...]
SECTIONS = (
    "What it looks at",
    "Why it hurts",
    "Example",
    "How it is told from its look-alikes",
    "What helps",
    "When it is wrong",
    "References",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One promise of one rule: call it; its text is `rule:promise` for test ids."""

    name: str
    run: Callable[[], None]

    def __call__(self) -> None:
        """Raise AssertionError where the promise is broken."""
        self.run()

    def __str__(self) -> str:
        return self.name


def checks_of(
    rule: Judge, *, planted: Iterable[Seen], healthy: Mapping[str, Seen]
) -> list[Check]:
    """A check for each promise, and one for each healthy run."""
    faults = tuple(planted)
    on_faults = (check_fires, check_finding_is_complete, check_is_pure)
    alone = (
        check_says_not_checked,
        check_page_is_complete,
        check_example_runs,
        check_name_fits_file,
        check_thresholds_have_defaults,
        check_remedies_exist,
    )
    promises = [(p.__name__, partial(p, rule, faults)) for p in on_faults]
    promises += [(p.__name__, partial(p, rule)) for p in alone]
    promises += [
        (f"{check_is_quiet.__name__}[{name}]", partial(check_is_quiet, rule, run))
        for name, run in healthy.items()
    ]
    return [Check(name=f"{rule.name()}:{n}", run=run) for n, run in promises]


def said_of(rule: Judge, seen: Seen) -> Finding | NotChecked | None:
    """What the rule says of a run, or of a sweep: of one run, for a sweep rule."""
    runs = (seen,) if isinstance(seen, Run) else seen
    return rule.judge(runs) if isinstance(rule, SweepRule) else rule.judge(runs[0])


def check_fires(rule: Judge, planted: tuple[Seen, ...]) -> None:
    """It finds its fault, at warning or above, in every run that has it.

    Of a rule whose severity is `note`, and of a preview, a note is enough.
    """
    assert planted, f"{rule.name()} has no planted fault: record a run that has it"
    for run in planted:
        said = said_of(rule, run)
        assert isinstance(said, Finding), (
            f"{rule.name()} must find the fault planted in {_named(run)}; it said "
            f"{said}: look at what `check` misses there"
        )
        least = Severity.NOTE if rule.preview else Severity.WARNING
        enough = min(rule.severity.rank, least.rank)
        assert said.severity.rank >= enough, (
            f"{rule.name()} says only a note on the fault planted in {_named(run)}"
        )


def check_is_quiet(rule: Judge, run: Seen) -> None:
    """It says nothing above a note on a healthy run."""
    said = said_of(rule, run)
    loud = isinstance(said, Finding) and said.severity is not Severity.NOTE
    assert not loud, (
        f"{rule.name()} raises a false alarm on the healthy {_named(run)}: {said}; "
        "find out how that run differs from a sick one, before moving a threshold"
    )


def check_says_not_checked(rule: Judge) -> None:
    """It says that it could not check, where there is nothing to look at."""
    said = said_of(rule, Run.of())
    assert isinstance(said, NotChecked), (
        f"{rule.name()} must return NotChecked on a run without data, and returned "
        f"{said}: name what it needs in `needs`"
    )
    assert said.reason, f"{rule.name()} must give a reason for NotChecked"


def check_finding_is_complete(rule: Judge, planted: tuple[Seen, ...]) -> None:
    """Its finding is a sentence with numbers, with evidence, and under its own name."""
    for run in planted:
        said = said_of(rule, run)
        if not isinstance(said, Finding):
            continue
        summary = said.summary
        assert said.rule == rule.name(), f"make findings of {rule.name()} by `finding`"
        assert any(c.isdigit() for c in summary), f"give a number in: {summary}"
        one_sentence = "\n" not in summary and not summary.endswith(".")
        assert one_sentence, f"a sentence without a full stop, please: {summary!r}"
        assert said.evidence, f"{rule.name()} must say what its finding rests on"
        json.dumps([said.since, [e.value for e in said.evidence]], allow_nan=True)


def check_is_pure(rule: Judge, planted: tuple[Seen, ...]) -> None:
    """It says the same twice, and leaves the run as it was."""
    for run in planted:
        before = _content(run)
        first, second = said_of(rule, run), said_of(rule, run)
        assert first == second, (
            f"{rule.name()} says different things of the same run: leave out "
            "randomness, clocks and state"
        )
        assert _content(run) == before, (
            f"{rule.name()} changes the run it looks at: work on copies"
        )


def check_page_is_complete(rule: Judge) -> None:
    """Its docstring is a manual page with all of its sections."""
    page = inspect.getdoc(type(rule)) or ""
    assert page.strip(), f"{rule.name()} needs a docstring: its manual page"
    missing = [s for s in SECTIONS if f"## {s}\n" not in page]
    assert not missing, f"the page of {rule.name()} lacks: {', '.join(missing)}"
    places = [page.index(f"## {s}\n") for s in SECTIONS]
    assert places == sorted(places), f"order the page of {rule.name()}: {SECTIONS}"


def check_example_runs(rule: Judge) -> None:
    """The example on its page runs, and gives what the page says."""
    kind = type(rule)
    scope = vars(sys.modules[kind.__module__])
    found = doctest.DocTestFinder(recurse=False).find(kind, kind.__name__, globs=scope)
    tests = [test for test in found if test.examples]
    assert tests, f"the page of {rule.name()} needs an example with `>>>`"
    said = StringIO()
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    runner = doctest.DocTestRunner(verbose=False, optionflags=flags)
    for test in tests:
        runner.run(test, out=said.write)
    assert not runner.failures, f"the example fails:\n{said.getvalue()}"


def check_name_fits_file(rule: Judge) -> None:
    """Its class, its name and its file are called the same."""
    module = type(rule).__module__.rpartition(".")[2]
    wanted = rule.name().replace("-", "_")
    assert module == wanted, f"put {type(rule).__name__} into {wanted}.py, not {module}"


def check_thresholds_have_defaults(rule: Judge) -> None:
    """Each threshold is a number with a default."""
    for limit in fields(rule):
        assert limit.default is not MISSING, f"{rule.name()}.{limit.name}: no default"
        value = getattr(rule, limit.name)
        assert isinstance(value, int | float), (
            f"{rule.name()}.{limit.name} must be a number; got {value!r}"
        )


def check_remedies_exist(rule: Judge) -> None:
    """Each of its remedies is in the catalogue, and on its page."""
    page = inspect.getdoc(type(rule)) or ""
    for remedy in rule.remedies:
        assert remedy in REMEDIES, f"{rule.name()}: no remedy is called {remedy!r}"
        assert f"`{remedy}`" in page, f"say on the page of {rule.name()} when {remedy}"


def _named(seen: Seen) -> str:
    if not isinstance(seen, Run):
        return f"sweep of {len(seen)} runs"
    return "run" if seen.path is None else f"run {seen.path.name}"


def _content(seen: Seen) -> list[tuple[str, dict[str, bytes], int]]:
    runs = (seen,) if isinstance(seen, Run) else seen
    return [_content_of(run) for run in runs]


def _content_of(run: Run) -> tuple[str, dict[str, bytes], int]:
    numbers = {
        name: np.concatenate([signal.steps, signal.values]).tobytes()
        for name, signal in run.signals.items()
    }
    return json.dumps(run.facts, default=dict, sort_keys=True), numbers, len(run.events)
