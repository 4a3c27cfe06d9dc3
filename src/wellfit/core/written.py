"""A recipe as text: YAML in the order of its sections, reasons as comments."""

import json
import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from wellfit.core.recipe import Recipe

WIDTH = 88
PLAIN = re.compile(r"(?:\.{0,2}/)?[^\W\d_](?:[\w./:+×-]*[\w./+-])?")
OTHERS = frozenset(["true", "false", "null", "yes", "no", "on", "off"])

HEADER = """\
# wellfit train recipe.yaml
# What stands beside or right above a line is the reason for it.
"""


def written(recipe: Recipe) -> str:
    """The text of a recipe; `read_recipe` reads it back, reasons and all."""
    sections = [
        "\n".join(_lines(key, value, "", key, recipe.reasons))
        for key, value in shown(recipe).items()
    ]
    return "\n\n".join([HEADER.rstrip(), *sections]) + "\n"


def shown(section: Any) -> dict[str, Any]:
    """What of a section is written: all but what is empty, and is so by itself."""
    said: dict[str, Any] = {}
    for f in fields(section):
        if f.name == "reasons":
            continue
        value = getattr(section, f.name)
        made = f.default_factory
        usual = made() if made is not MISSING else f.default
        if value in (None, (), {}) and value == usual:
            continue
        said[f.name] = _shown(value)
    return said


def _shown(value: Any) -> Any:
    if is_dataclass(value):
        return shown(value)
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value


def _lines(
    key: str, value: Any, indent: str, place: str, reasons: Mapping[str, str]
) -> Iterator[str]:
    head, reason = f"{indent}{_scalar(key)}:", reasons.get(place)
    deeper = indent + "  "
    if isinstance(value, Mapping) and value:
        yield from _said(head, reason, indent)
        for inner, item in value.items():
            yield from _lines(inner, item, deeper, f"{place}.{inner}", reasons)
    elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
        yield from _said(head, reason, indent)
        for i, item in enumerate(value):
            row = f"{deeper}- {flow(item)}"
            yield from _said(row, reasons.get(f"{place}.{i}"), deeper)
    else:
        yield from _said(f"{head} {flow(value)}", reason, indent)


def _said(row: str, reason: str | None, indent: str) -> Iterator[str]:
    """A line, with its reason beside it; above it where that would be too long."""
    if not reason:
        yield row
    elif len(row) + len(reason) + 4 <= WIDTH:
        yield f"{row}  # {reason}"
    else:
        yield from textwrap.wrap(
            reason,
            width=WIDTH,
            initial_indent=f"{indent}# ",
            subsequent_indent=f"{indent}# ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield row


def flow(value: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(value, Mapping):
        pairs = (f"{_scalar(str(k))}: {flow(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if isinstance(value, float):
        text = repr(value)
        mantissa, e, exponent = text.partition("e")
        # YAML 1.1, which other tools read, takes 1e-05 for a text
        return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    return bool(PLAIN.fullmatch(text)) and text.lower() not in OTHERS


def _quoted(text: str) -> str:
    import yaml

    said: str = yaml.safe_dump(
        text, default_style='"', allow_unicode=True, width=math.inf
    )
    return said.rstrip("\n")
