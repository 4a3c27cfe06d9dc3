"""A plan, applied to the fits of estimators that know nothing of it.

The outermost fit of a classifier or a regressor is edited: within a search each fit of
a candidate, so that nothing that is learnt has seen the rows that it is judged by.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import joblib
from sklearn.base import BaseEstimator, ClassifierMixin

from wellfit.core.plan import Plan
from wellfit.taps.estimators.fitted import is_inside, release
from wellfit.taps.estimators.fitting import Asked
from wellfit.taps.estimators.given import given_to
from wellfit.taps.fits import Kind
from wellfit.taps.patches import Patches, unseen
from wellfit.taps.planned import say_planned
from wellfit.taps.sklearn.calls import FITS, Seen
from wellfit.taps.sklearn.describe import final, kind_of
from wellfit.taps.tap import Guard, Records, enter, leave
from wellfit.taps.tap import unseen as unseen_by_taps


class ChangesTap:
    """Edits every fit of this process as the plan says, from `attach` on.

    An edit that cannot be made is told, and what cannot be fitted with its edits is
    fitted as the script does it. An estimator that was fitted with edits keeps them.
    """

    framework = "sklearn"

    def __init__(
        self,
        records: Records,
        *,
        plan: Sequence[dict[str, Any]],
        reached: Sequence[str] = (),
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        self.records = records
        self.asked = Asked.of(Plan.from_json(plan))
        self.asked.effects.done.update(reached)  # in the text of the script
        self.step = 0  # always: what is trained is another tap's to tell
        self._guard = Guard(self)
        self._patches = Patches()
        # For each thread the fits that it is within; whether their parts are edited.
        self._open: dict[int, list[bool]] = {}
        self._main = threading.main_thread().ident
        self._threads: Any = None
        self._said: dict[str, str] | None = None  # what had no effect until now

    # -- coming and going ------------------------------------------------------------

    def attach(self) -> None:
        """Begin to change."""
        self._below(BaseEstimator)
        inherited = BaseEstimator.__init_subclass__.__func__
        made: Any = classmethod(self._subclass(inherited))
        self._patches.put(BaseEstimator, "__init_subclass__", made)
        # The processes that joblib starts know nothing of the plan: its threads do.
        self._threads = joblib.parallel_config(backend="threading")
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Change nothing any more."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        if self._threads is not None:
            self._threads.unregister()
            self._threads = None

    def finish(self) -> None:
        """Detach."""
        self.detach()

    # -- classes ---------------------------------------------------------------------

    def _below(self, parent: Any) -> None:
        for child in parent.__subclasses__():
            self._meet(child)
            self._below(child)

    def _subclass(self, inherited: Any) -> Any:
        @functools.wraps(inherited)
        def init_subclass(kind: Any, **options: Any) -> None:
            inherited(kind, **options)
            if self._guard.on:
                self._meet(kind)

        return init_subclass

    def _meet(self, kind: Any) -> None:
        for part in kind.__mro__:
            if part is object or part.__module__ == "builtins":
                continue
            for name in FITS:
                original = vars(part).get(name)
                ours = self._is_ours(original)
                if isinstance(original, FunctionType | Seen) and not ours:
                    function = original.__get__(None, part)
                    call = functools.wraps(function)(self._fit(original, name))
                    self._patches.put(part, name, Edited(original, call, self))

    def _is_ours(self, original: Any) -> bool:
        return isinstance(original, Edited) and original.tap is self

    def _fit(self, original: Any, name: str) -> Any:
        def call(estimator: Any, *args: Any, **named: Any) -> Any:
            run = original.__get__(estimator, type(estimator))
            if not self._guard.on or is_inside(estimator) or self._is_part():
                return run(*args, **named)
            return self._outermost(estimator, run, name, args, named)

        return unseen(call)

    # -- fits ------------------------------------------------------------------------

    def _is_part(self) -> bool:
        """Whether this thread is within a fit that is edited as a whole."""
        stack = self._open.get(threading.get_ident())
        if not stack:  # in a thread of its own, while the main one waits in a fit
            stack = self._open.get(self._main or 0)
        return stack is not None and bool(stack) and not stack[-1]

    @contextmanager
    def _within(self, *, parts: bool) -> Iterator[None]:
        thread = threading.get_ident()
        stack = self._open.setdefault(thread, [])
        stack.append(parts)
        try:
            yield
        finally:
            stack.pop()
            if not stack:
                self._open.pop(thread, None)

    def _outermost(
        self, estimator: Any, run: Callable[..., Any], name: str, args: Any, named: Any
    ) -> Any:
        search = _is_search(estimator)
        if search or kind_of(estimator) is not Kind.PREDICTOR:
            with self._within(parts=search):
                return run(*args, **named)
        with self._within(parts=False):
            fit = self._edited(estimator, run, name, args, named)
            if fit is None:
                return run(*args, **named)
            from wellfit.taps.estimators.outputs import done

            try:
                return done(fit, run)
            except Exception as error:
                release(estimator)
                self.asked.effects.failed(type(estimator).__name__, error)
                self._say()
                return run(*args, **named)

    def _edited(
        self, estimator: Any, run: Callable[..., Any], name: str, args: Any, named: Any
    ) -> Any:
        from wellfit.taps.estimators.fit import Fit

        classifies = isinstance(final(estimator), ClassifierMixin)
        given = given_to(run, args, named, classifies=classifies)
        if given is None:
            return None
        fit = Fit(estimator=estimator, raw=given, given=given)
        fit.edits.by_parts = name == "partial_fit"
        with unseen_by_taps(self.records, but=self):
            self.asked.edit(fit)
        self._say()
        return fit

    def _say(self) -> None:
        effects = self.asked.effects
        if effects.without == self._said:
            return  # of the many fits of a search, the first has told it
        self._said = effects.without
        say_planned(self.records, effects.plan, self.framework, effects.without)


class Edited(Seen):
    """A method of a class that is edited; pickled it is the original."""

    def __init__(self, original: Any, call: Any, tap: ChangesTap) -> None:
        super().__init__(original, call)
        self.tap = tap


def _is_search(estimator: Any) -> bool:
    """Whether it fits candidates, and judges them by rows that they have not seen."""
    known = getattr(estimator, "__dict__", {})
    return "param_grid" in known or "param_distributions" in known
