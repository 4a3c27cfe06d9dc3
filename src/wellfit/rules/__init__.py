"""One problem, one file. A rule is `Run -> Finding | NotChecked | None`, and pure.

A sweep rule judges several runs together. Either is found by being in this folder, or
through an entry point of the group `wellfit.rules`, which names a subclass of `Rule` or
of `SweepRule`.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellfit.rules.rule import Rule as Rule
    from wellfit.rules.sweep_rule import SweepRule as SweepRule


@cache
def _found() -> tuple["Rule | SweepRule", ...]:
    from wellfit.rules.discovery import found_rules

    return found_rules()


def all_rules() -> tuple["Rule", ...]:
    """Every rule of one run, with its default thresholds, by name.

    A plugin that cannot be loaded is left out, with a warning.
    """
    from wellfit.rules.rule import Rule

    return tuple(rule for rule in _found() if isinstance(rule, Rule))


def all_sweep_rules() -> tuple["SweepRule", ...]:
    """Every rule of several runs, likewise."""
    from wellfit.rules.sweep_rule import SweepRule

    return tuple(rule for rule in _found() if isinstance(rule, SweepRule))


def __getattr__(name: str) -> Any:
    if name == "Rule":
        from wellfit.rules.rule import Rule

        return Rule
    if name == "SweepRule":
        from wellfit.rules.sweep_rule import SweepRule

        return SweepRule
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
