"""Plans, read: each change is a remedy that there is, with parameters that it has."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

from wellfit.core.errors import BadSetting, UnknownName, nearest
from wellfit.core.plan import VERSION, Change, Plan
from wellfit.core.text import Document, Form, Place, parse_text, read_text
from wellfit.remedies.remedy import Remedy

NAMES = tuple[str, ...]  # the type of a parameter that lists columns
FORM = Form(what="plan", keys="version and changes")


def read_plan(path: str | Path) -> Plan:
    """The plan in a file; `BadSetting` for what it cannot be, with the line."""
    return _checked(read_text(Path(path), FORM))


def parse_plan(text: str, *, name: str = "plan") -> Plan:
    """The plan in a text that is called `name` in messages."""
    return _checked(parse_text(text, name=name, form=FORM))


@cache
def acts() -> Mapping[str, type[Remedy]]:
    """The remedies that can be applied, by name: modules of this folder."""
    found: dict[str, type[Remedy]] = {}
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem == "__init__":
            continue
        module = f"{__package__}.{file.stem}"
        for member in vars(import_module(module)).values():
            kind = isinstance(member, type) and issubclass(member, Remedy)
            if kind and member is not Remedy and member.__module__ == module:
                found[member.name()] = member
    return found


def remedy_of(change: Change) -> Remedy:
    """The remedy that a change is of; `UnknownName` or `BadSetting` where it is none.

    >>> remedy_of(Change(change="clip-gradients", params={"norm": 0.5}))
    ClipGradients(norm=0.5)
    """
    known = acts()
    if change.change not in known:
        raise UnknownName("change", change.change, among=known)
    kind = known[change.change]
    return kind(**{n: _read(kind, n, value) for n, value in change.params.items()})


def _read(kind: type[Remedy], name: str, value: Any) -> Any:
    types = get_type_hints(kind)
    known = [f.name for f in fields(kind)]
    if name not in known:
        raise BadSetting(f"{kind.name()} has no {name!r}{nearest(name, known)}")
    what = f"{name} of {kind.name()} must be"
    if types[name] == NAMES:
        return _names(what, value)
    words = get_args(types[name])
    if words and value not in words:
        close = nearest(value, words) if isinstance(value, str) else ""
        raise BadSetting(f"{what} one of {', '.join(words)}; got {value!r}{close}")
    if words:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadSetting(f"{what} a number; got {value!r}")
    if types[name] is int and value != int(value):
        raise BadSetting(f"{what} a whole number; got {value!r}")
    return types[name](value)


def _names(what: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise BadSetting(f"{what} a list of names, such as [age, income]; got {value!r}")


def _checked(document: Document) -> Plan:
    data = document.data
    _keys(document, data, (), ("version", "changes"))
    version = data.get("version", VERSION)
    if version != VERSION:
        said = f"this wellfit reads plans of version {VERSION}; got {version!r}"
        raise BadSetting(document.where(("version",)) + said)
    changes = data.get("changes")
    if not isinstance(changes, list):
        said = "changes must be a list, of which each has a change and its params"
        raise BadSetting(document.where(("changes",)) + said)
    read = [_change(document, one, ("changes", i)) for i, one in enumerate(changes)]
    return Plan.of(*read)


def _change(document: Document, said: Any, place: Place) -> Change:
    if not isinstance(said, Mapping) or not isinstance(said.get("change"), str):
        text = f"a change names itself, such as change: clip-gradients; got {said!r}"
        raise BadSetting(document.where(place) + text)
    _keys(document, said, place, ("change", "params"))
    params = said.get("params") or {}
    if not isinstance(params, Mapping):
        text = f"params are keys with values, such as norm: 1.0; got {params!r}"
        raise BadSetting(document.where((*place, "params")) + text)
    try:
        return remedy_of(Change(change=said["change"], params=params)).change
    except (UnknownName, BadSetting) as error:
        raise BadSetting(document.where((*place, "change")) + str(error)) from error


def _keys(
    document: Document, data: Mapping[str, Any], place: Place, known: Iterable[str]
) -> None:
    for key in data:
        if key not in known:
            text = f"a plan has no key {key!r}{nearest(key, known)}"
            raise BadSetting(document.where((*place, key)) + text)
