"""What became of a plan, told in one fact by all taps that make its changes."""

import weakref
from typing import Any

from wellfit.core.plan import Plan
from wellfit.taps.tap import Records

Lacks = dict[str, str]  # change → why it is without effect

_known: "weakref.WeakKeyDictionary[Records, dict[str, Lacks]]" = (
    weakref.WeakKeyDictionary()
)


def say_planned(
    records: Records, plan: Plan, framework: str, lacks: Lacks | None, **more: Any
) -> None:
    """The fact `plan`, of what a framework's trainings were changed by.

    `lacks` are the changes that had no effect there; None before there was a training.
    Without effect is what had none in any framework that trained. `more` is told too.
    """
    told = _told(records)
    if lacks is not None:
        told[framework] = dict(lacks)
    said = {"changes": plan.to_json(), "applied": bool(told), **more}
    if told:
        first, *others = told.values()
        said["without_effect"] = {
            change: why
            for change, why in first.items()
            if all(change in other for other in others)
        }
    records.fact("plan", said)


def _told(records: Records) -> dict[str, Lacks]:
    return _known.setdefault(records, {})
