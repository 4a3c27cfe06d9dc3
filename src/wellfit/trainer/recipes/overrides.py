"""`--set optimizer.lr=0.1`: a value in place of a recipe's own."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from wellfit.core.choices import OPTIMIZERS, STAGES
from wellfit.core.errors import BadSetting
from wellfit.core.text import Document, Place, parse_value
from wellfit.trainer.recipes.fault import dotted

REASON = "as asked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A value for a place, and the flag that said so."""

    place: Place
    value: Any
    flag: str


def overridden(document: Document, asked: Iterable[Override]) -> Document:
    """The document with these values, of which the later ones count.

    A new name of a model, an objective, an optimizer or a stage takes with it what
    only the old one had; names are set before all else.
    """
    data, overrides = deepcopy(document.data), dict(document.overrides)
    reasons = dict(document.reasons)
    for said in sorted(asked, key=lambda said: said.place[-1] != "name"):
        _set(data, said.place, said.value, said.flag)
        overrides[said.place] = said.flag
        reasons[dotted(said.place)] = REASON
    return replace(document, data=data, overrides=overrides, reasons=reasons)


def parse_override(pair: str) -> Override:
    """Of `--set key=value`; the value is read as YAML."""
    key, equals, text = pair.partition("=")
    flag = f"--set {pair}"
    if not (equals and key.strip()):
        raise BadSetting(
            f"--set takes key=value, such as optimizer.lr=0.1; got {pair!r}"
        )
    parts = key.strip().split(".")
    place = tuple(int(part) if part.isdecimal() else part for part in parts)
    return Override(place=place, value=parse_value(text, name=flag), flag=flag)


def _set(data: dict[str, Any], place: Place, value: Any, flag: str) -> None:
    owner: Any = data
    for i, key in enumerate(place[:-1]):
        if isinstance(owner, dict) and owner.get(str(key)) is None:
            owner[str(key)] = {}
        owner = _inside(owner, place[: i + 1], flag)
    _inside(owner, place, flag, there=False)
    if place[-1] == "name":
        _renamed(owner, value)
    owner[place[-1] if isinstance(owner, list) else str(place[-1])] = value


def _inside(owner: Any, place: Place, flag: str, *, there: bool = True) -> Any:
    """What `owner` has at the last of `place`; `BadSetting` where it can have none."""
    key = place[-1]
    if isinstance(owner, list):
        if not isinstance(key, int) or key >= len(owner):
            what = f"{dotted(place[:-1])} has {len(owner)} items, counted from 0"
            raise BadSetting(f"{flag}: {what}; got {key!r}")
        return owner[key]
    if not isinstance(owner, Mapping):
        raise BadSetting(f"{flag}: {dotted(place[:-1])} is a value, and has no keys")
    return owner[str(key)] if there else None


def _renamed(section: Any, name: Any) -> None:
    """Drop what the old name took and the new one does not."""
    if not isinstance(section, dict) or section.get("name") == name:
        return
    section.pop("params", None)
    for choices in (OPTIMIZERS, STAGES):
        if name in choices:
            special = {key for takes in choices.values() for key in takes}
            for key in special - set(choices[name]):
                section.pop(key, None)
            return
