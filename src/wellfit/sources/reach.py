"""What no live object can reach, edited in the text that a run is started with."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellfit.core.plan import Plan
from wellfit.taps.edited import write_texts

if TYPE_CHECKING:
    from wellfit.sources.project import Project

# Changes that reach further so, and where their edit is: it is loaded where it is used.
REACHING: Mapping[str, str] = {
    "swap-activations": "wellfit.sources.activations:swap_functions",
    "shuffle-batches": "wellfit.sources.shuffling:shuffle_by_hand",
    "train-longer": "wellfit.sources.epochs:train_longer",
}

_KNOWN: dict[Any, tuple[dict[Path, str], list[str]]] = {}


def reaching(
    plan: Plan, script: str | Path, folder: Path, *, module: bool
) -> dict[str, Any]:
    """The settings of a run under a plan, whose texts are kept in its folder.

    Empty where nothing is edited. The user's files stay as they are.
    """
    if not any(change.change in REACHING for change in plan.changes):
        return {}
    from wellfit.sources.diff import place_of
    from wellfit.sources.project import read_project

    found = place_of(script, module=module)
    if found is None:
        return {}
    project = read_project(*found)
    key = plan.ids, tuple(project.files.items())
    if key not in _KNOWN:  # the next trial of the plan has the same
        _KNOWN[key] = _edited(plan, project)
    texts, edited = _KNOWN[key]
    path = write_texts(folder, dict(texts))
    return {} if path is None else {"edited": {"texts": path, "changes": [*edited]}}


def _edited(plan: Plan, project: "Project") -> tuple[dict[Path, str], list[str]]:
    """The texts that are not the files' own any more, and the changes that did it."""
    from wellfit.sources.project import Left, attempted

    before, edited = project, list[str]()
    for change in plan.changes:
        home = REACHING.get(change.change)
        if home is None:
            continue
        made = attempted(_load(home), project, change.params)
        if not isinstance(made, Left):
            project = made
            edited.append(change.id)
    texts = {p: t for p, t in project.files.items() if t != before.files[p]}
    return texts, edited if texts else []


def _load(home: str) -> Callable[..., Any]:
    module, _, name = home.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
