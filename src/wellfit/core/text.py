"""A text that people write as plain data: nothing is run, each key knows its line.

YAML, of which only plain values are taken: no tags, no anchors, no duplicate keys. The
scalars are those of YAML 1.2, so that `1e-3` is a number and `no` a text.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wellfit.core.errors import BadSetting

Place = tuple[str | int, ...]  # of a value: the keys and list places that lead to it

LARGEST = 1_000_000  # characters
DEEPEST = 20  # levels; a recipe has five


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What a text is, and the keys that it is known by, for messages."""

    what: str
    keys: str


RECIPE = Form(what="recipe", keys="data, model and optimizer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a text says: `data`, the line of each place, the comment of each key.

    `name` is the file's, for messages; `overrides` are the places that a flag has set,
    with that flag.
    """

    data: dict[str, Any]
    name: str = ""
    lines: Mapping[Place, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[Place, str] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Of the nearest key around it; 0 where none has a line."""
        found = (self.lines.get(place[:i]) for i in range(len(place), -1, -1))
        return next((line for line in found if line), 0)

    def where(self, place: Place) -> str:
        """The beginning of a message about a place."""
        around = [place[:i] for i in range(len(place), 0, -1)]
        flag = next((self.overrides[p] for p in around if p in self.overrides), None)
        line = self.line(place)
        if flag is None and not line and place:  # a section that a flag alone has made
            within = (f for p, f in self.overrides.items() if p[: len(place)] == place)
            flag = next(within, None)
        if flag is not None:
            return f"{flag}: "
        if line:
            return f"{self.name}, line {line}: "
        return f"{self.name}: " if self.name else ""


class _Loader(yaml.SafeLoader):
    """Scalars by YAML 1.2's core schema, without infinities: no `yes`, no dates."""


_Loader.yaml_implicit_resolvers = {}  # none of YAML 1.1's
_WHOLE = re.compile(r"[-+]?[0-9]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_DIGITS = list("-+.0123456789")
for _tag, _form, _first in (
    ("bool", re.compile(r"(true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", _WHOLE, _DIGITS),
    ("float", _FLOAT, _DIGITS),
    ("null", re.compile(r"(~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _form, _first)


def read_text(path: Path, form: Form = RECIPE) -> Document:
    """What a file says; `BadSetting` where it is none of that form, with the line."""
    what = form.what
    try:
        if path.stat().st_size > 4 * LARGEST:
            raise BadSetting(f"{path} is too large for a {what}")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path} is not a text of UTF-8, as a {what} is") from error
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}") from error
    return parse_text(text, name=path.name, form=form)


def parse_text(text: str, *, name: str, form: Form = RECIPE) -> Document:
    """The same of a text that is called `name` in messages."""
    root = compose(text, name=name, what=form.what)
    if not isinstance(root, yaml.MappingNode):
        raise BadSetting(
            f"{name} holds no {form.what}: keys such as {form.keys}, each with its "
            "values, were expected"
        )
    lines: dict[Place, int] = {}
    data = _value(root, (), lines, name)
    return Document(
        data=data, name=name, lines=lines, reasons=dict(_reasons(text, lines))
    )


def parse_value(text: str, *, name: str) -> Any:
    """A single value, as `--set` has it."""
    root = compose(text, name=name)
    return None if root is None else _value(root, (), {}, name)


def compose(text: str, *, name: str, what: str = RECIPE.what) -> yaml.Node | None:
    """The tree of nodes; `BadSetting` for what is not plain YAML."""
    if len(text) > LARGEST:
        raise BadSetting(
            f"{name} is too large for a {what}: {len(text):,} characters, and at most "
            f"{LARGEST:,} are read"
        )
    try:
        _check_plain(text, name, what)
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise BadSetting(f"{name}{line}: this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise BadSetting(f"{name} is not YAML: {_first_line(error)}") from error
    return node


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _check_plain(text: str, name: str, what: str) -> None:
    """Refuse what could run something, or grow without bound, before it is built."""
    depth = documents = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        opens = isinstance(event, yaml.CollectionStartEvent)
        depth += opens - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if opens or isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            refused = _refused(event, what)
        else:
            refused = None
        if depth > DEEPEST:
            refused = f"a {what} is at most {DEEPEST} levels deep"
        if documents > 1:
            refused = f"a {what} is one document; this line begins a second"
        if refused:
            line = event.start_mark.line + 1
            raise BadSetting(f"{name}, line {line}: {refused}")


def _refused(event: Any, what: str) -> str | None:
    if event.anchor is not None:
        mark = "*" if isinstance(event, yaml.AliasEvent) else "&"
        return (
            f"a {what} has no anchors and aliases; got {mark}{event.anchor}: write the "
            "value out (a text with such a beginning needs quotes)"
        )
    if getattr(event, "tag", None) is not None:
        return f"a {what} has no tags; got {event.tag}: write the value alone"
    return None


def _value(node: yaml.Node, place: Place, lines: dict[Place, int], name: str) -> Any:
    """Plain data of a node, with the line of everything in it."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, name)
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            lines[(*place, i)] = item.start_mark.line + 1
        return [
            _value(item, (*place, i), lines, name) for i, item in enumerate(node.value)
        ]
    said: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadSetting(f"{name}, line {line}: a key must be text, not a list")
        here = (*place, key.value)
        if key.value in said:
            first = lines[here]
            raise BadSetting(
                f"{name}, line {line}: {key.value!r} is said twice, first in line "
                f"{first}; leave one of them"
            )
        lines[here] = line
        said[key.value] = _value(value, here, lines, name)
    return said


def _scalar(node: yaml.ScalarNode, name: str) -> str | int | float | bool | None:
    text, kind = node.value, node.tag.rpartition(":")[2]
    if kind == "bool":
        return bool(text.lower() == "true")
    if kind == "null":
        return None
    if kind not in {"int", "float"}:
        return str(text)
    number = float(text)
    if not math.isfinite(number):
        line = node.start_mark.line + 1
        raise BadSetting(f"{name}, line {line}: {text} is too large a number")
    return int(text) if kind == "int" else number


def _reasons(text: str, lines: Mapping[Place, int]) -> Iterator[tuple[str, str]]:
    """The comment of each key: in the lines right above it, or beside it."""
    rows = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
    beside = _beside(text, rows)
    seen: set[int] = set()
    for place, line in lines.items():
        if line in seen:  # of keys in one line, the comment is of the first
            continue
        seen.add(line)
        said = " ".join(filter(None, [*_above(rows, line - 1), beside.get(line - 1)]))
        if said:
            yield ".".join(map(str, place)), said


def _above(rows: list[str], at: int) -> list[str]:
    first = at
    while first > 0 and rows[first - 1].lstrip().startswith("#"):
        first -= 1
    return [row.lstrip()[1:].strip() for row in rows[first:at]]


def _beside(text: str, rows: list[str]) -> dict[int, str]:
    """Row → its comment: what follows the last token of the row."""
    ends: dict[int, int] = {}
    for token in yaml.scan(text, Loader=_Loader):
        end = token.end_mark
        ends[end.line] = max(ends.get(end.line, 0), end.column)
    after = {row: rows[row][column:].strip() for row, column in ends.items()}
    return {row: rest[1:].strip() for row, rest in after.items() if rest[:1] == "#"}
