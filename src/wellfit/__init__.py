"""wellfit: what is wrong with a training run, why, and what to do about it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellfit.core.errors import WellfitError as WellfitError
    from wellfit.core.finding import Diagnosis as Diagnosis
    from wellfit.core.finding import Evidence as Evidence
    from wellfit.core.finding import Finding as Finding
    from wellfit.core.finding import NotChecked as NotChecked
    from wellfit.core.finding import Severity as Severity
    from wellfit.core.recipe import Recipe as Recipe
    from wellfit.core.run import Event as Event
    from wellfit.core.run import Run as Run
    from wellfit.core.run import Signal as Signal
    from wellfit.show.report import report as report
    from wellfit.taps.tap import log as log
    from wellfit.taps.torch.watch import watch as watch
    from wellfit.verbs.apply import apply as apply
    from wellfit.verbs.check import check as check
    from wellfit.verbs.diagnose import diagnose as diagnose
    from wellfit.verbs.explain import explain as explain
    from wellfit.verbs.recipe import recipe_for as recipe_for
    from wellfit.verbs.run import run as run
    from wellfit.verbs.runs import runs as runs
    from wellfit.verbs.train import train as train
    from wellfit.verbs.treat import treat as treat

__version__ = "0.1.0.dev0"

# Where each public name is at home: loaded when it is first asked for.
_HOMES = {
    "Diagnosis": "wellfit.core.finding",
    "Event": "wellfit.core.run",
    "Evidence": "wellfit.core.finding",
    "Finding": "wellfit.core.finding",
    "NotChecked": "wellfit.core.finding",
    "Recipe": "wellfit.core.recipe",
    "Run": "wellfit.core.run",
    "Severity": "wellfit.core.finding",
    "Signal": "wellfit.core.run",
    "WellfitError": "wellfit.core.errors",
    "apply": "wellfit.verbs.apply",
    "check": "wellfit.verbs.check",
    "diagnose": "wellfit.verbs.diagnose",
    "explain": "wellfit.verbs.explain",
    "log": "wellfit.taps.tap",
    "recipe_for": "wellfit.verbs.recipe",
    "report": "wellfit.show.report",
    "run": "wellfit.verbs.run",
    "runs": "wellfit.verbs.runs",
    "train": "wellfit.verbs.train",
    "treat": "wellfit.verbs.treat",
    "watch": "wellfit.taps.torch.watch",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wellfit' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext wellfit`: a notebook's trainings watched, by `%%wellfit`."""
    import_module("wellfit.show.notebook").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext wellfit`: end what is watched, and leave the notebook as it was."""
    import_module("wellfit.show.notebook").unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
