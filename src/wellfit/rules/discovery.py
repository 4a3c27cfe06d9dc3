"""Which rules there are: modules of this folder, and entry points of others."""

import inspect
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from wellfit.rules.rule import Rule
from wellfit.rules.sweep_rule import SweepRule

GROUP = "wellfit.rules"


def found_rules() -> tuple[Rule | SweepRule, ...]:
    """One of each rule, by name; where a name is taken, wellfit's own stays."""
    kinds: dict[str, type[Rule | SweepRule]] = {}
    for kind in (*_own(), *_plugged()):
        kinds.setdefault(kind.name(), kind)
    return tuple(kinds[name]() for name in sorted(kinds))


def _own() -> Iterator[type[Rule | SweepRule]]:
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem != "__init__":
            yield from _rules_in(f"{__package__}.{file.stem}")


def _rules_in(module: str) -> Iterator[type[Rule | SweepRule]]:
    for member in vars(import_module(module)).values():
        if _is_rule(member) and member.__module__ == module:
            yield member


def _plugged() -> Iterator[type[Rule | SweepRule]]:
    for point in entry_points(group=GROUP):
        kind = _loaded(point)
        if kind is not None:
            yield kind


def _loaded(point: EntryPoint) -> type[Rule | SweepRule] | None:
    """The rule of an entry point; a warning and None where there is none."""
    try:
        kind = point.load()
    except Exception as error:  # a stranger's module may fail in any way
        said = f"{type(error).__name__}: {error}"
    else:
        if _is_rule(kind):
            found: type[Rule | SweepRule] = kind
            return found
        said = f"{point.value} is not a concrete subclass of Rule or SweepRule"
    warnings.warn(f"the rule {point.name} was left out: {said}", stacklevel=4)
    return None


def _is_rule(member: object) -> bool:
    is_kind = inspect.isclass(member) and issubclass(member, Rule | SweepRule)
    return is_kind and not inspect.isabstract(member)
