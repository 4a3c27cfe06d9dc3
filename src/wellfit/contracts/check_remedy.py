"""What every remedy promises, checked: ours, and a stranger's.

    from wellfit.contracts.check_remedy import checks_of
    checks = checks_of(MyRemedy)

    @pytest.mark.parametrize("check", checks, ids=str)
    def test_promise(check):
        check()

What it makes of a training that a framework runs is for its own tests to show: beside
the same training, written by hand. Each failure says what to change.
"""

import inspect
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from wellfit.contracts.check_rule import Check
from wellfit.core.finding import Finding, Severity
from wellfit.core.fitting import Fitting
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies import REMEDIES
from wellfit.remedies.plans import parse_plan
from wellfit.remedies.remedy import Remedy

SECTIONS = (
    "What it does",
    "What it costs",
    "When it cannot be applied",
    "References",
)
# What trainings by gradients, and what fits of estimators can be asked for.
EDITS, REFITS = (
    frozenset(n for n in vars(kind) if not n.startswith("_"))
    for kind in (Training, Fitting)
)


class Asked:
    """A training that only notes what is asked for: the edits, and their arguments.

    `known` are the edits that can be asked for: with `REFITS`, it is of estimators.
    """

    def __init__(self, known: Collection[str] = EDITS) -> None:
        self.edits: list[tuple[str, tuple[Any, ...]]] = []
        self._known = known

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in self._known:
            raise AttributeError(name)
        return lambda *args: self.edits.append((name, args))


def checks_of(kind: type[Remedy]) -> list[Check]:
    """A check for each promise."""
    promises = (
        check_page_is_complete,
        check_name_fits_file,
        check_round_trip,
        check_edits,
        check_proposals,
    )
    return [
        Check(name=f"{kind.name()}:{p.__name__}", run=partial(p, kind))
        for p in promises
    ]


def check_page_is_complete(kind: type[Remedy]) -> None:
    """Its docstring is a manual page, which begins with its sentence of the catalogue.

    It names what it touches, too.
    """
    name, page = kind.name(), inspect.getdoc(kind) or ""
    assert name in REMEDIES, f"add {name} to the catalogue, with a sentence"
    first = " ".join(page.partition("\n\n")[0].split())
    assert first == REMEDIES[name], (
        f"begin the page of {name} with its sentence: {REMEDIES[name]}"
    )
    places = [page.find(f"\n## {s}\n") for s in SECTIONS]
    lacking = [s for s, at in zip(SECTIONS, places, strict=True) if at < 0]
    assert not lacking, f"the page of {name} lacks: {', '.join(lacking)}"
    assert places == sorted(places), f"order the page of {name}: {SECTIONS}"
    assert kind.touches, f"{name} must say in `touches` what it changes"


def check_name_fits_file(kind: type[Remedy]) -> None:
    """Its class, its name and its file are called the same."""
    module = kind.__module__.rpartition(".")[2]
    wanted = kind.name().replace("-", "_")
    assert module == wanted, f"put {kind.__name__} into {wanted}.py, not {module}"


def check_round_trip(kind: type[Remedy]) -> None:
    """It needs no parameters, and comes back from the text of a plan as it was."""
    change = kind().change
    plan = Plan.of(change, change)
    assert plan.changes == (change,), f"{kind.name()}: the same edit must have one id"
    back = parse_plan(plan.to_yaml())
    assert back == plan, f"{kind.name()} comes back from YAML as {back}"


def check_edits(kind: type[Remedy]) -> None:
    """It asks a training for something, and for the same each time.

    A training by gradients in `apply`, the fits of estimators in `refit`, or both.
    """
    remedy, name = kind(), kind.name()
    acts = (("apply", EDITS, remedy.apply), ("refit", REFITS, remedy.refit))
    asked = []
    for act, known, edit in acts:
        first, second = _asked(edit, known), _asked(edit, known)
        assert first, f"{name} must ask the training for an edit in `{act}`"
        assert first == second, f"{name} asks for other edits the second time"
        asked += [one for one in first if one != "cannot"]
    assert asked, f"{name} must have an act: in `apply`, in `refit`, or in both"


def _asked(edit: Callable[[Any], None], known: Collection[str]) -> list[str]:
    training = Asked(known)
    edit(training)
    return [name for name, _ in training.edits]


def check_proposals(kind: type[Remedy]) -> None:
    """What it proposes is of its own kind, at most a few, each but once.

    Of a run that says nothing too.
    """
    finding = Finding(
        rule="underfitting", severity=Severity.WARNING, confidence=1.0, summary="1"
    )
    proposed = kind.proposals(Run.of(), finding)
    strangers = [p for p in proposed if type(p) is not kind]
    assert not strangers, f"{kind.name()} proposes {strangers}: leave them to others"
    ids = [p.change.id for p in proposed]
    assert len(ids) == len({*ids}), f"{kind.name()} proposes the same twice"
    assert len(ids) <= 4, f"{kind.name()} proposes {len(ids)} changes: a few will do"
