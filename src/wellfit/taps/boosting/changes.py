"""A plan, applied to `train` and `cv` of XGBoost and LightGBM that know nothing of it.

What fits by their interfaces of scikit-learn is edited there, like every estimator
(`taps/sklearn/changes.py`): only the functions that scripts call are replaced.
"""

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from wellfit.core.plan import Plan
from wellfit.taps.boosting.natives import Asked, Call
from wellfit.taps.boosting.trainings import INTERFACES
from wellfit.taps.boosting.wrap import once
from wellfit.taps.patches import Patches, unseen
from wellfit.taps.planned import say_planned
from wellfit.taps.tap import Guard, Records, enter, leave

HOMES = {"xgboost": "xgboost.training", "lightgbm": "lightgbm.engine"}
DATA = ("dtrain", "train_set")


class ChangesTap:
    """Edits each call of `train` and `cv` of one library, from `attach` on."""

    def __init__(
        self,
        records: Records,
        *,
        library: str,
        plan: Sequence[dict[str, Any]],
        reached: Sequence[str] = (),
    ) -> None:
        self.records = records
        self.framework = library
        self.asked = Asked.of(Plan.from_json(plan))
        self.asked.effects.done.update(reached)  # in the text of the script
        self.step = 0  # always: what is trained is another tap's to tell
        self._guard = Guard(self)
        self._patches = Patches()

    def attach(self) -> None:
        """Begin to change."""
        package, home = import_module(self.framework), HOMES[self.framework]
        for name in INTERFACES:
            make = once(self._make(name))
            original = getattr(package, name)
            for owner in (package, import_module(home)):
                if getattr(owner, name, None) is original:
                    self._patches.replace(owner, name, make)
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Change nothing any more."""
        self._guard.on = False
        leave(self)
        self._patches.restore()

    def finish(self) -> None:
        """Detach."""
        self.detach()

    def _make(self, name: str) -> Callable[[Any], Any]:
        def make(original: Any) -> Any:
            def train(*args: Any, **named: Any) -> Any:
                call = self._call(original, name, args, named)
                if call is None:
                    return original(*args, **named)
                return self._done(original, call, args, named)

            return unseen(train)

        return make

    def _call(self, original: Any, name: str, args: Any, named: Any) -> Call | None:
        """The call with its edits; None where it is the script's own alone."""
        if not self._guard.on:
            return None
        try:
            more = dict(inspect.signature(original).bind(*args, **named).arguments)
        except TypeError:  # the script's own mistake: it is told of it
            return None
        data = next((n for n in DATA if n in more), None)
        if data is None:
            return None
        call = Call(
            library=self.framework,
            interface=name,
            params=dict(more.pop("params") or {}),
            data=more.pop(data),
            more=more,
        )
        self.asked.edit(call)
        self._say()
        call.more[data] = call.data
        return call

    def _done(self, original: Any, call: Call, args: Any, named: Any) -> Any:
        try:
            return original(params=call.params, **call.more)
        except Exception as error:
            self.asked.effects.failed(f"{self.framework}.{call.interface}", error)
            self._say()
        finally:
            for put_back in call.after:
                put_back()
        return original(*args, **named)

    def _say(self) -> None:
        effects = self.asked.effects
        say_planned(self.records, effects.plan, self.framework, effects.without)


def xgboost(
    records: Records,
    *,
    plan: Sequence[dict[str, Any]],
    reached: Sequence[str] = (),
    **_: Any,
) -> ChangesTap:
    """That of XGBoost."""
    return ChangesTap(records, library="xgboost", plan=plan, reached=reached)


def lightgbm(
    records: Records,
    *,
    plan: Sequence[dict[str, Any]],
    reached: Sequence[str] = (),
    **_: Any,
) -> ChangesTap:
    """That of LightGBM."""
    return ChangesTap(records, library="lightgbm", plan=plan, reached=reached)
