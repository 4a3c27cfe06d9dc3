"""What the named parts of a recipe take: checked, and the usual values filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from wellfit.core.choices import AUGMENTATIONS, MODELS, OBJECTIVES, OPTIMIZERS, STAGES
from wellfit.core.errors import nearest
from wellfit.core.own import is_own
from wellfit.core.recipe import Optimizer
from wellfit.core.text import Place
from wellfit.core.words import enumerated
from wellfit.trainer.recipes.expected import asked, shown
from wellfit.trainer.recipes.fault import Fault, dotted
from wellfit.trainer.recipes.words import close

Section = dict[str, Any]


def completed(data: Mapping[str, Any]) -> tuple[Section, list[Fault]]:
    """The data with usual values where a named part leaves them out, and what is wrong.

    The data is typed already; it is not changed.
    """
    faults: list[Fault] = []
    optimizer = dict(data.get("optimizer", {}))
    optimizer.setdefault("name", Optimizer().name)
    stages = [dict(stage) for stage in data.get("schedule", ())]
    made = {
        **data,
        "data": _augmented(data["data"], faults),
        "model": _named(data.get("model", {"name": "mlp"}), ("model",), faults),
        "objective": _named(data["objective"], ("objective",), faults),
        "optimizer": _filled(optimizer, ("optimizer",), OPTIMIZERS, faults),
        "schedule": [
            _filled(stage, ("schedule", i), STAGES, faults)
            for i, stage in enumerate(stages)
        ],
    }
    return made, faults


def _filled(
    section: Section,
    place: Place,
    choices: Mapping[str, Mapping[str, Any]],
    faults: list[Fault],
) -> Section:
    """An optimizer or a stage: what it takes is set, and what it does not is not."""
    name = section["name"]
    takes = choices[name]
    special = {key for each in choices.values() for key in each}
    for key, value in section.items():
        if key in special - set(takes) and value is not None:
            what = f"{dotted(place)}: {name} takes no {key!r}"
            those = f"; it takes {enumerated(takes)}"
            faults.append(Fault(place=(*place, key), text=what + those))
    needed = [key for key, it in takes.items() if it is None and key != "metric"]
    for key in needed:
        if section.get(key) is None:
            text = f"{dotted(place)}: {name} needs {enumerated(needed)}"
            faults.append(Fault(place=place, text=text))
            break
    return section | {k: v for k, v in _plain(takes).items() if section.get(k) is None}


KINDS: Mapping[str, Mapping[str, type[Any]]] = {
    "model": MODELS,
    "objective": OBJECTIVES,
    "augment": AUGMENTATIONS,
}


def _augmented(data: Mapping[str, Any], faults: list[Fault]) -> Section:
    if not data.get("augment"):
        return dict(data)
    place = ("data", "augment")
    made = [_named(a, (*place, i), faults) for i, a in enumerate(data["augment"])]
    return {**data, "augment": made}


def _named(section: Mapping[str, Any], place: Place, faults: list[Fault]) -> Section:
    """A model, an objective or an augmentation: `params` by its name, all of them."""
    known = KINDS["augment" if "augment" in place else str(place[-1])]
    name, params = section.get("name", "mlp"), section.get("params", {})
    if is_own(name):
        return dict(section)
    if name not in known:
        choices = f"one of {', '.join(known)}, or package.module:factory"
        text = f"{dotted(place)}.name must be {choices}; got {shown(name)}"
        faults.append(Fault(place=(*place, "name"), text=text + close(name, known)))
        return dict(section)
    inside = (*place, "params")
    found = list(_wrong(known[name], str(name), params, inside))
    faults += found
    return {**section, "name": name, "params": usual(known[name]) | dict(params)}


def _wrong(
    kind: type[Any], name: str, params: Mapping[str, Any], place: Place
) -> Iterator[Fault]:
    takes = [f.name for f in fields(kind)]
    for key in params:
        if key not in takes:
            hint = nearest(key, takes) if takes else "; it takes none"
            text = f"{dotted(place[:-1])}: {name} takes no {key!r}{hint}"
            yield Fault(place=(*place, key), text=text)
    known = {key: value for key, value in params.items() if key in takes}
    try:
        TypeAdapter(kind).validate_python(known)
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        what = asked(kind, (key,)).sentence(known[key])
        here = (*place, key)
        yield Fault(place=here, text=f"{dotted(here)} must be {what}")


def usual(kind: type[Any]) -> Section:
    """The parameters of a name with their usual values, as plain data."""
    return _plain({f.name: f.default for f in fields(kind)})


def _plain(params: Mapping[str, Any]) -> Section:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in params.items()}
