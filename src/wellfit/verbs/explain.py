"""`wellfit explain NAME`: the page of a rule, or what a remedy or a signal is."""

import inspect
import re
from dataclasses import fields

from wellfit.core.errors import UnknownName
from wellfit.core.signals import SIGNALS, parse
from wellfit.remedies import REMEDIES
from wellfit.rules import all_rules, all_sweep_rules
from wellfit.rules.rule import Problem

EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\s*$).+)*", re.MULTILINE)


def explain(name: str) -> str:
    """The page of a rule, or what a remedy does or a signal means, as Markdown.

    `UnknownName`, with the nearest name, where there is nothing so called.
    """
    every: tuple[Problem, ...] = (*all_rules(), *all_sweep_rules())
    rules = {rule.name(): rule for rule in every}
    asked = name.strip().lower().replace("_", "-")
    if asked in rules:
        return _page(rules[asked])
    if asked in REMEDIES:
        return _remedy(asked, rules)
    signal = parse(name.strip()).name
    if signal in SIGNALS:
        said = SIGNALS[signal]
        return f"# {signal}\n\n{said[0].upper()}{said[1:]}.\n"
    raise UnknownName(
        "rule, remedy or signal", name, among=[*rules, *REMEDIES, *SIGNALS]
    )


def fenced(page: str) -> str:
    """The page with its examples in fences, as a reader of Markdown wants them."""
    return EXAMPLE.sub(lambda found: f"```python\n{found.group()}\n```", page)


def _page(rule: Problem) -> str:
    lines = [f"# {rule.name()}", "", inspect.getdoc(rule) or ""]
    limits = [(f.name, getattr(rule, f.name)) for f in fields(rule)]
    if limits:
        lines += ["", "## Thresholds", ""]
        lines += [f"- `{limit}`: {value:g}" for limit, value in limits]
    return "\n".join(lines) + "\n"


def _remedy(name: str, rules: dict[str, Problem]) -> str:
    helps = [n for n, rule in rules.items() if name in rule.remedies]
    against = f"\nIt may help against {', '.join(helps)}.\n" if helps else ""
    return f"# {name}\n\n{REMEDIES[name]}\n{against}"
