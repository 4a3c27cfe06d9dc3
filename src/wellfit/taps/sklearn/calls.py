"""Where scikit-learn's calls are met: fits, predictions, scores, cross-validations.

All of scikit-learn's own `fit`s run within a context that `_fit_context` makes by
`config_context(…)`. That name is what we replace: the context tells of begin and end,
and while a fit runs no frame of ours is on the stack, whatever class it is of, however
it is called, and whenever its module was loaded. Tracebacks and the places of warnings
are as ever. Public functions (`cross_validate`) have such a context too.

What a stranger's estimator overrides, and predictions, of which the result is needed,
are met by a descriptor in their classes (`Seen`); their frames are `unseen`.
"""

import copy
import functools
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from types import FunctionType, MethodType
from typing import Any, Protocol

from sklearn import base
from sklearn.base import BaseEstimator
from sklearn.utils import _param_validation as validation
from sklearn.utils._available_if import _AvailableIfDescriptor

from wellfit.taps.estimators.fitted import bare
from wellfit.taps.imports import OnImport
from wellfit.taps.patches import Patches, unseen
from wellfit.taps.sklearn.scores import METRICS
from wellfit.taps.tap import Guard

FITS = ("fit", "partial_fit")
PREDICTS = ("predict", "predict_proba", "decision_function")
ALONE = ("cross_validate", "cross_val_predict", "learning_curve", "validation_curve")
SILENT = ("permutation_importance", "permutation_test_score", "partial_dependence")


class Listener(Protocol):
    """What is told of the calls. Of each begin, the value is handed to its end."""

    def fitting(self, estimator: Any, method: str, given: tuple[Any, Any]) -> Any:
        """A fit begins; `given` are its arguments, positional and named."""

    def fitted(self, going: Any, error: BaseException | None) -> None:
        """It is over."""

    def validating(self, function: Any, given: tuple[Any, Any]) -> Any:
        """A function that fits and scores by itself begins."""

    def validated(self, going: Any, error: BaseException | None) -> None:
        """It is over."""

    def folded(self, results: Any) -> None:
        """The scores of a cross-validation, a dict for each of its fits."""

    def predicted(self, estimator: Any, method: str, given: Any, result: Any) -> None:
        """The script had a prediction."""

    def scored(self, metric: str, given: tuple[Any, Any], result: Any) -> None:
        """The script computed a score of predictions."""

    def judged(self, scorer: Any, given: tuple[Any, Any], result: Any) -> None:
        """The script called a scorer with an estimator and rows."""


class _Depth(threading.local):
    """How deep this thread is in calls of which only the outermost counts."""

    inside = 0


class _Between:
    """scikit-learn's own context, that tells of its end."""

    __slots__ = ("_going", "_inner", "_over")

    def __init__(self, inner: Any, going: Any, over: Callable[..., None]) -> None:
        self._inner, self._going, self._over = inner, going, over

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        ended = self._inner.__exit__(kind, error, trace)
        self._over(self._going, error)
        return ended


class Seen:
    """A method of a class that tells of its calls; the class has it as it was.

    Taken from the class it is the original, from an instance a bound method. Pickled
    with a class of a script's own it is the original too: workers are not watched.
    """

    def __init__(self, original: Any, call: Any) -> None:
        self._original = original
        self._call = call

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        bound = self._original.__get__(owner, kind)
        return bound if owner is None else MethodType(self._call, owner)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy.copy, (self._original,)


class Calls:
    """All that is replaced in scikit-learn while a tap is attached."""

    def __init__(self, listener: Listener, guard: Guard) -> None:
        self._to = listener
        self._guard = guard
        self._depth = _Depth()
        self._patches = Patches()
        self._fits = _code(base._fit_context(prefer_skip_nested_validation=True))
        self._functions = _code(
            validation.validate_params({}, prefer_skip_nested_validation=True)
        )
        self._awaited: list[OnImport] = []

    def attach(self) -> None:
        """Replace, in all that is loaded and in what will be."""
        replace = self._patches.replace
        replace(base, "config_context", self._fit_context)
        replace(validation, "config_context", self._function_context)
        self._below(BaseEstimator)
        inherited = BaseEstimator.__init_subclass__.__func__
        made: Any = classmethod(self._subclass(inherited))
        self._patches.put(BaseEstimator, "__init_subclass__", made)
        self._once("sklearn.metrics", self._meet_metrics)
        self._once("sklearn.model_selection._validation", self._meet_folds)

    def detach(self) -> None:
        """Put everything back."""
        self._patches.restore()
        for awaited in self._awaited:
            if awaited in sys.meta_path:
                sys.meta_path.remove(awaited)
        self._awaited.clear()

    def silence(self) -> "_Silence":
        """Within it the calls of this thread are our own, and not told."""
        return _Silence(self._depth, ours=True)

    def _once(self, module: str, meet: Callable[[], None]) -> None:
        if module in sys.modules:
            meet()
            return
        awaited = OnImport(module, meet)
        self._awaited.append(awaited)
        sys.meta_path.insert(0, awaited)

    # -- fits ----------------------------------------------------------------------

    def _fit_context(self, original: Any) -> Any:
        def context(**options: Any) -> Any:
            inner = original(**options)
            if not self._guard.on:
                return inner
            frame = sys._getframe(1)
            if frame.f_code is not self._fits:
                return inner
            given = frame.f_locals
            going = self._begin(
                given["estimator"],
                given["fit_method"].__name__,
                (given["args"], given["kwargs"]),
            )
            return inner if going is None else _Between(inner, going, self._end)

        return context

    def _begin(self, estimator: Any, method: str, given: tuple[Any, Any]) -> Any:
        if self._depth.inside:
            return None
        try:
            return self._to.fitting(estimator, method, given)
        except Exception as error:
            self._guard.fail(error)
            return None

    def _end(self, going: Any, error: BaseException | None) -> None:
        self._guard(self._to.fitted)(going, error)

    def _function_context(self, original: Any) -> Any:
        def context(**options: Any) -> Any:
            inner = original(**options)
            if not self._guard.on:
                return inner
            frame = sys._getframe(1)
            if frame.f_code is not self._functions:
                return inner
            given = frame.f_locals
            name = given["func"].__name__
            if name in SILENT:
                silence = _Silence(self._depth)
                silence.__enter__()
                return _Between(inner, silence, _leave)
            if name not in ALONE or self._depth.inside:
                return inner
            return self._validation(inner, given)

        return context

    def _validation(self, inner: Any, given: Any) -> Any:
        try:
            called = (given["args"], given["kwargs"])
            going = self._to.validating(given["func"], called)
        except Exception as error:
            self._guard.fail(error)
            return inner
        if going is None:
            return inner
        return _Between(inner, going, self._guard(self._to.validated))

    # -- classes -------------------------------------------------------------------

    def _below(self, parent: Any) -> None:
        for child in parent.__subclasses__():
            self._meet_class(child)
            self._below(child)

    def _subclass(self, inherited: Any) -> Any:
        @functools.wraps(inherited)
        def init_subclass(kind: Any, **options: Any) -> None:
            inherited(kind, **options)
            if self._guard.on:
                self._guard(self._meet_class)(kind)

        return init_subclass

    def _meet_class(self, kind: Any) -> None:
        """The class, and mixins of its module or scikit-learn's that it is made of."""
        for part in kind.__mro__:
            home = part.__module__
            if home == kind.__module__ or home.startswith("sklearn."):
                self._meet_own(part)

    def _meet_own(self, kind: Any) -> None:
        for name in PREDICTS:
            self._meet_method(kind, name, self._predict_call)
        if not kind.__module__.startswith("sklearn."):
            for name in FITS:
                self._meet_method(kind, name, self._fit_call)

    def _meet_method(self, kind: Any, name: str, make: Callable[..., Any]) -> None:
        original = vars(kind).get(name)
        if not isinstance(original, FunctionType | _AvailableIfDescriptor):
            return
        if getattr(original, "__isabstractmethod__", False):
            return
        if getattr(original, "__code__", None) is self._fits:
            return
        call = functools.wraps(original)(make(original, name))
        self._patches.put(kind, name, Seen(original, call))

    def _fit_call(self, original: Any, name: str) -> Any:
        def call(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            run = original.__get__(estimator, type(estimator))
            if not self._guard.on:
                return run(*args, **kwargs)
            going = self._begin(estimator, name, (args, kwargs))
            if going is None:
                return run(*args, **kwargs)
            try:
                result = run(*args, **kwargs)
            except BaseException as error:
                self._end(going, error)
                raise
            self._end(going, None)
            return result

        return unseen(call)

    def _predict_call(self, original: Any, name: str) -> Any:
        def call(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            run = original.__get__(estimator, type(estimator))
            depth = self._depth
            if depth.inside or not self._guard.on:
                return run(*args, **kwargs)
            depth.inside = 1
            try:
                result = run(*args, **kwargs)
            finally:
                depth.inside = 0
            self._guard(self._to.predicted)(estimator, name, (args, kwargs), result)
            return result

        return unseen(call)

    # -- scores --------------------------------------------------------------------

    def _meet_metrics(self) -> None:
        package = sys.modules["sklearn.metrics"]
        for name in METRICS:
            function = getattr(package, name, None)
            if function is None:  # not in this version
                continue
            home = sys.modules[function.__module__]
            called = functools.wraps(function)(self._metric(function, name))
            for owner in {id(home): home, id(package): package}.values():
                self._patches.put(owner, name, called)
        scorer = sys.modules["sklearn.metrics._scorer"]._BaseScorer
        self._patches.replace(scorer, "__call__", self._scorer_call)

    def _metric(self, function: Any, name: str) -> Any:
        def metric(*args: Any, **kwargs: Any) -> Any:
            depth = self._depth
            if depth.inside or not self._guard.on:
                return function(*args, **kwargs)
            depth.inside = 1
            try:
                result = function(*args, **kwargs)
            finally:
                depth.inside = 0
            self._guard(self._to.scored)(name, (args, kwargs), result)
            return result

        return unseen(metric)

    def _scorer_call(self, function: Any) -> Any:
        def scorer(this: Any, *args: Any, **kwargs: Any) -> Any:
            depth = self._depth
            if depth.inside or not self._guard.on:
                return function(this, *args, **kwargs)
            depth.inside = 1
            try:
                result = function(this, *args, **kwargs)
            finally:
                depth.inside = 0
            self._guard(self._to.judged)(this, (args, kwargs), result)
            return result

        return unseen(scorer)

    def _meet_folds(self) -> None:
        module = sys.modules["sklearn.model_selection._validation"]
        self._patches.replace(module, "_aggregate_score_dicts", self._folds)

    def _folds(self, function: Any) -> Any:
        def aggregate(results: Any) -> Any:
            self._guard(self._to.folded)(results)
            return function(results)

        return unseen(aggregate)


class _Silence:
    """A stretch of this thread's calls that is not told.

    Where they are `ours`, the rows are ones that were seen as their estimator sees
    them: no plan edits them once more.
    """

    def __init__(self, depth: _Depth, *, ours: bool = False) -> None:
        self._depth = depth
        self._bare = bare() if ours else nullcontext()

    def __enter__(self) -> None:
        self._depth.inside += 1
        self._bare.__enter__()

    def __exit__(self, *_: object) -> None:
        self._bare.__exit__(None, None, None)
        self._depth.inside -= 1


def _leave(silence: _Silence, error: BaseException | None) -> None:
    silence.__exit__()


def _code(decorator: Any) -> Any:
    """The code that all functions share which that decorator has wrapped."""
    return decorator(lambda: None).__code__
