"""`wellfit.apply("plan.yaml")`: a plan, in a script that trains with it for good."""

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellfit.core.plan import Change, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def apply(plan: Plan | str | Path) -> None:
    """Train with the changes of a plan from here on, in this process.

    A line at the top of a script does what `wellfit run --with` does to it, but for
    what that edits in its text: this is running by then, and `changes.diff` is for it.
    A change that finds nothing to change is said on standard error, after the first
    step.
    `BadSetting` where a plan cannot be what it says.
    """
    from wellfit.remedies.plans import read_plan
    from wellfit.taps.imports import OnImport
    from wellfit.taps.launch import CHANGES

    read = plan if isinstance(plan, Plan) else read_plan(plan)
    said = _Said()
    for module, path in CHANGES.items():
        attach = partial(_attach, path, said, read.to_json())
        if module in sys.modules:
            attach()
        else:
            sys.meta_path.insert(0, OnImport(module, attach))


def _attach(path: str, said: "_Said", plan: Sequence[dict[str, Any]]) -> None:
    """Begin to change what a framework trains, once it is there."""
    home, _, name = path.partition(":")
    getattr(import_module(home), name)(said, plan=plan).attach()


class _Said:
    """Keeps nothing of what a tap records, and says what a user should know."""

    writing = 0.0

    def __init__(self) -> None:
        self._told: set[str] = set()

    def fact(self, name: str, data: Any, /) -> None:
        without = data.get("without_effect", {}) if name == "plan" else {}
        for one in map(Change.from_json, data.get("changes", ()) if without else ()):
            if one.id in without and one.id not in self._told:
                self._told.add(one.id)
                print(
                    f"wellfit: {one} changes nothing: {without[one.id]}",
                    file=sys.stderr,
                )

    def value(self, name: str, step: int, number: float, /) -> None:
        """Nothing."""

    def values(
        self, step: int, names: tuple[str, ...], numbers: Sequence[float], /
    ) -> None:
        """Nothing."""

    def histogram(self, name: str, step: int, counts: "NDArray[np.int64]", /) -> None:
        """Nothing."""

    def event(self, kind: str, step: int, **data: Any) -> None:
        if kind == "intervention":
            said = f"{data['seen']}; {data['done']}"
            print(f"wellfit: step {step:,}: {said}", file=sys.stderr)
