"""Schedules by name: from plain data, and back to it."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.schedules.composed import Product, Restarts, Sequence, WarmUp
from wellfit.schedules.cycles import Cyclical, OneCycle
from wellfit.schedules.decay import Cosine, Exponential, Linear, Piecewise, StepDecay
from wellfit.schedules.plateau import Plateau
from wellfit.schedules.schedule import Constant, Schedule

SCHEDULES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "step": StepDecay,
    "exponential": Exponential,
    "linear": Linear,
    "cosine": Cosine,
    "piecewise": Piecewise,
    "plateau": Plateau,
    "cyclical": Cyclical,
    "one-cycle": OneCycle,
    "warm-up": WarmUp,
    "sequence": Sequence,
    "restarts": Restarts,
    "product": Product,
}
NAMES = {kind: name for name, kind in SCHEDULES.items()}


def schedule_from(said: Mapping[str, Any]) -> Schedule:
    """The schedule that plain data tell of: its `name`, and its parameters.

    >>> schedule_from({"name": "cosine", "steps": 100})
    Cosine(steps=100, floor=0.0)
    >>> schedule_from({"name": "cosin"})
    Traceback (most recent call last):
    ...
    wellfit.core.errors.UnknownName: no schedule 'cosin'; did you mean 'cosine'?
    """
    name = str(said.get("name", ""))
    if name not in SCHEDULES:
        raise UnknownName("schedule", name, among=SCHEDULES)
    kind = SCHEDULES[name]
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    given = {k: _made(v) for k, v in said.items() if k != "name"}
    for unknown in given.keys() - known:
        raise UnknownName(f"parameter of schedule {name!r}", unknown, among=known)
    lacking = [n for n, f in known.items() if f.default is MISSING and n not in given]
    if lacking:
        raise BadSetting(f"schedule {name!r} needs {' and '.join(lacking)}")
    return kind(**given)


def _made(value: Any) -> Any:
    if isinstance(value, Mapping):
        return schedule_from(value)
    return tuple(_made(v) for v in value) if isinstance(value, list | tuple) else value


def schedule_data(schedule: Schedule) -> dict[str, Any]:
    """A schedule as plain data, which `schedule_from` reads.

    >>> schedule_data(WarmUp(steps=5, then=Constant()))["then"]
    {'name': 'constant', 'value': 1.0}
    """
    told = {f.name: getattr(schedule, f.name) for f in fields(schedule)}  # type: ignore[arg-type]
    return {"name": NAMES[type(schedule)]} | {k: _plain(v) for k, v in told.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return schedule_data(value)
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
