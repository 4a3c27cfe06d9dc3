"""`wellfit explain NAME`: the page of a rule, or what a remedy, signal or word is."""

import inspect
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from wellfit.core.errors import UnknownName
from wellfit.core.signals import SIGNALS, parse
from wellfit.core.words import WORDS
from wellfit.remedies import REMEDIES
from wellfit.remedies.plans import NAMES, acts
from wellfit.remedies.remedy import Remedy
from wellfit.rules import all_rules, all_sweep_rules
from wellfit.rules.rule import Problem

if TYPE_CHECKING:
    from wellfit.trials.experience import Experience

PREVIEW = "*Preview: its false alarms are not measured yet, and it says only notes.*"
EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\s*$).+)*", re.MULTILINE)
LIMIT = re.compile(
    r"^    (\w+): (?:int|float) = [^#\n]*#(.*(?:\n    #.*)*)", re.MULTILINE
)


def explain(name: str, *, ledger: bool = True) -> str:
    """The page of a rule, or what a remedy, a signal or a word is, as Markdown.

    That of a rule or a remedy ends with what treatments taught of it, on this machine
    and in the bench, unless no `ledger` is to be asked. `UnknownName`, with the nearest
    name, where there is nothing so called.
    """
    return page_of(name) + (_taught(_asked(name)) if ledger else "")


def page_of(name: str) -> str:
    """The page alone, which is the same on every machine."""
    every: tuple[Problem, ...] = (*all_rules(), *all_sweep_rules())
    rules = {rule.name(): rule for rule in every}
    asked = _asked(name)
    if asked in rules:
        return _page(rules[asked])
    if asked in acts():
        return _act(acts()[asked], rules)
    if asked in REMEDIES:
        return _remedy(asked, rules)
    signal = parse(name.strip()).name
    if signal in SIGNALS:
        said = SIGNALS[signal]
        return f"# {signal}\n\n{said[0].upper()}{said[1:]}.\n"
    if asked in WORDS:
        return f"# {asked}\n\n{WORDS[asked]}\n"
    known = [*rules, *REMEDIES, *SIGNALS, *WORDS]
    raise UnknownName("rule, remedy, signal or word", name, among=known)


def _asked(name: str) -> str:
    return "-".join(name.lower().replace("_", " ").split())


def _taught(name: str) -> str:
    """What treatments taught of a rule or a remedy; nothing where nothing did."""
    from wellfit.trials.ledger import experience

    lines = [f"- `{one.remedy}`: {_told(one)}" for one in experience(rule=name)]
    lines += [
        f"- {f'against `{one.rule}`' if one.rule else 'whatever was found'}: "
        f"{_told(one)}"
        for one in experience(remedy=name)
    ]
    if not lines:
        return ""
    said = (
        "The gain is the share of the larger of both values, without and with it: "
        "+0.5 where a loss halves."
    )
    return "\n".join(["", "## What trials say", "", *lines, "", said, ""])


def _told(one: "Experience") -> str:
    return f"{one}{'' if one.source == 'own' else ' of the bench'}"


def fenced(page: str) -> str:
    """The page with its examples in fences, as a reader of Markdown wants them."""
    return EXAMPLE.sub(lambda found: f"```python\n{found.group()}\n```", page)


def _page(rule: Problem) -> str:
    lines = [f"# {rule.name()}", "", inspect.getdoc(rule) or ""]
    if rule.preview:
        lines += ["", PREVIEW]
    limits = [(f.name, getattr(rule, f.name)) for f in fields(rule)]
    if limits:
        sources = _sources(type(rule))
        lines += ["", "## Thresholds", ""]
        lines += [f"- `{n}`: {value:g}{sources.get(n, '')}" for n, value in limits]
    return "\n".join(lines) + "\n"


def _sources(kind: type[Problem]) -> dict[str, str]:
    """Threshold → what the comment beside it says; none where there is no source."""
    try:
        written = inspect.getsource(kind)
    except (OSError, TypeError):
        return {}
    return {
        name: " " + " ".join(comment.replace("#", " ").split())
        for name, comment in LIMIT.findall(written)
    }


def _remedy(name: str, rules: dict[str, Problem]) -> str:
    return f"# {name}\n\n{REMEDIES[name]}\n{_against(name, rules)}"


def _act(kind: type[Remedy], rules: dict[str, Problem]) -> str:
    """The page of a remedy that a plan can have, and its parameters."""
    page, name = inspect.getdoc(kind) or "", kind.name()
    usual = [
        f"- `{f.name}`: {_usual(f.default)}, unless a plan says otherwise"
        f"{_words(f.type)}"
        for f in fields(kind)
    ]
    params = "\n".join(["## Parameters", "", *(usual or ["None."])])
    return f"# {name}\n\n{page}\n\n{params}\n{_against(name, rules)}"


def _usual(value: Any) -> Any:
    return "none" if value == () else value


def _words(kind: Any) -> str:
    """What a parameter may be, of one that is a word, or a list of names."""
    if kind == NAMES:
        return "; a list of names"
    words = get_args(kind)
    return f"; one of {', '.join(map(str, words))}" if words else ""


def _against(name: str, rules: dict[str, Problem]) -> str:
    helps = [n for n, rule in rules.items() if name in rule.remedies]
    return f"\nIt may help against {', '.join(helps)}.\n" if helps else ""
