"""One problem, one file. A rule is `Run -> Finding | NotChecked | None`, and pure.

A rule is found by being in this folder, or through an entry point of the group
`wellfit.rules`, which names a subclass of `Rule`.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellfit.rules.rule import Rule as Rule


@cache
def all_rules() -> tuple["Rule", ...]:
    """Every rule there is, with its default thresholds, by name.

    A plugin that cannot be loaded is left out, with a warning.
    """
    from wellfit.rules.discovery import found_rules

    return found_rules()


def __getattr__(name: str) -> Any:
    if name != "Rule":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wellfit.rules import rule

    return rule.Rule
