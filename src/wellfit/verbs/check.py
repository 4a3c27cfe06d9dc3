"""`wellfit check`: before compute is spent on a script, or on data."""

import importlib.util
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from wellfit.core.errors import BadScript, BadSetting
from wellfit.core.finding import Diagnosis, NotChecked
from wellfit.core.run import Run
from wellfit.rules import all_rules
from wellfit.verbs import run as running
from wellfit.verbs.checklist import DATA, FLOW, of_data, of_script
from wellfit.verbs.diagnose import Thresholds, diagnose
from wellfit.verbs.habits import habits

BUDGET = 60.0  # seconds
OVERHEAD = 0.02  # as of `run`: most of the steps show what they take unwatched
SCRIPTS = (".py", ".pyw")
RECIPES = (".yaml", ".yml")

LATER = "it looks at the course of a training: `wellfit run` watches that"
# The rules that the first steps of a training can answer, or its data. The others look
# at its course, and would take a beginning for the whole.
EARLY = frozenset(
    {
        *DATA,
        *FLOW,
        "mode-mixup",
        "out-of-memory",
        "output-loss-mismatch",
        "unshuffled-batches",
        "wrong-gradient",
    }
) - {"class-imbalance", "frozen-parameters", "too-little-data"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Which rules are left out, and thresholds, as `diagnose` takes them."""

    ignore: Collection[str] = ()
    thresholds: Thresholds = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Checked:
    """What was seen, and what it says: the diagnosis has the checklist."""

    run: Run
    diagnosis: Diagnosis


def check(
    subject: Any,
    args: Sequence[str] = (),
    *,
    module: bool = False,
    target: str | None = None,
    validation: str | Path | None = None,
    budget: float = BUDGET,
    out: str | Path | None = None,
    ignore: Collection[str] = (),
) -> Diagnosis:
    """Check a script, or data, before compute is spent; the `checklist` says how it is.

    A script is run watched, in a process of its own, up to its first steps: things are
    tried out on copies of its model, and then it is stopped, after `budget` seconds at
    the latest. What it does until then (files that it writes, say) it does. With
    `module` it is the name of a module. Of data, a path or a frame, `target` is the
    column to be predicted, and `validation` a file that is held back.

    `BadScript` where there is no such script, or it trains nothing; `BadTable` for data
    that cannot be read; `BadSetting` for options that do not fit. A script that fails
    has its exit status in `script_exit`.
    """
    rules = Rules(ignore=ignore)
    named = isinstance(subject, str | Path)
    if module or (named and is_script(subject)):
        _only_of_data(target, validation)
        words = [str(subject), *args]
        return script(
            words, module=module, budget=budget, out=out, rules=rules
        ).diagnosis
    return data(subject, target=target, validation=validation, rules=rules).diagnosis


def is_script(subject: str | Path) -> bool:
    """Whether it is a script; else data. `BadSetting` for what is not known yet."""
    path = Path(subject)
    if path.suffix.lower() in RECIPES:
        raise BadSetting(
            f"check takes a script or data; got {str(subject)!r}: recipes cannot be "
            "checked yet, but the data that one names can"
        )
    return path.suffix.lower() in SCRIPTS or (path / "__main__.py").is_file()


def _only_of_data(target: str | None, validation: str | Path | None) -> None:
    given = "--target" if target is not None else "--validation"
    if target is not None or validation is not None:
        raise BadSetting(f"{given} is for data; a script says itself what it trains on")


# -- data ------------------------------------------------------------------------------


def data(
    path: Any,
    *,
    target: str | None = None,
    validation: str | Path | None = None,
    rules: Rules | None = None,
) -> Checked:
    """The same, of data."""
    from wellfit.data.inspection import inspect

    how = rules or Rules()
    run: Run = inspect(path, target=target, validation=validation)
    said = diagnose(run, ignore=how.ignore, rules=how.thresholds)
    found = replace(said, checklist=of_data(run, said))
    return Checked(run=run, diagnosis=found)


# -- scripts ---------------------------------------------------------------------------


def script(
    words: Sequence[str],
    *,
    module: bool = False,
    budget: float = BUDGET,
    out: str | Path | None = None,
    rules: Rules | None = None,
    prints_to: TextIO | None = None,
) -> Checked:
    """The same, of a script and its arguments."""
    if not budget > 0:
        raise BadSetting(f"budget must be some seconds; got {budget!r}")
    how: Mapping[str, object] = {
        "module": module,
        "overhead": OVERHEAD,
        "every": None,
        "trying": budget,
    }
    run = running.start(words, how, out=out, prints_to=prints_to)
    status = int(run.facts["outcome"]["exit"])
    if not status and not _trained(run):
        raise BadScript(_untrained(words[0], run, budget))
    status = 0 if _cut(run) else status
    said = _judged(run, rules or Rules(), status)
    source = _source(words[0], module=module)
    found = replace(said, checklist=of_script(run, said, habits(source)))
    return Checked(run=run, diagnosis=found)


def _trained(run: Run) -> bool:
    """Whether anything was trained: steps were done, or an estimator was fitted."""
    return run.last_step >= 0 or bool(run.facts.get("fits"))


def _cut(run: Run) -> bool:
    """Whether we ended it, as it did not hear that it was to stop."""
    error = run.facts["outcome"].get("error") or {}
    return error.get("type") == "killed"


def _untrained(name: str, run: Run, budget: float) -> str:
    if run.facts["outcome"].get("stopped"):
        return (
            f"{name} had not trained a step after {budget:g} seconds: give it more "
            "time, such as --budget 5m"
        )
    return (
        f"{name} trained nothing that could be seen: expected training with "
        "PyTorch, Keras, scikit-learn, XGBoost or LightGBM; it ended by itself"
    )


def _judged(run: Run, how: Rules, status: int) -> Diagnosis:
    """What the rules say that a beginning can answer; the others are not checked."""
    names = {rule.name() for rule in all_rules()}
    course = names - EARLY
    ignored = course | set(how.ignore)
    said = diagnose(run, ignore=ignored, rules=how.thresholds, script_exit=status)
    left = {rule: NotChecked(reason=LATER) for rule in sorted(course - {*how.ignore})}
    if (run.facts.get("framework") or {}).get("adapters"):
        said = _without(said, "vanishing-gradients")
    return replace(said, not_checked={**said.not_checked, **left})


def _without(said: Diagnosis, rule: str) -> Diagnosis:
    """Adapters begin at zero, and let no gradient through in their first steps."""
    reason = "adapters begin at zero: `wellfit run` sees gradients once they have grown"
    return replace(
        said,
        findings=tuple(f for f in said.findings if f.rule != rule),
        not_checked={**said.not_checked, rule: NotChecked(reason=reason)},
    )


def _source(name: str, *, module: bool) -> Path | None:
    if not module:
        path = Path(name)
        return path / "__main__.py" if path.is_dir() else path
    sys.path.insert(0, str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    finally:
        sys.path.pop(0)
    return None if spec is None or spec.origin is None else Path(spec.origin)
