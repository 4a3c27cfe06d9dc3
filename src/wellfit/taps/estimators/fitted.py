"""A fitted estimator that was edited: what it is asked goes the same way.

The edits stand in the estimator itself, where they hide methods of its class: they are
copied and pickled with it, go into the workers of joblib, and stay when watching ends.
A clone has none of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ASKED = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
    "score_samples",
    "transform",
    "apply",
    "decision_path",
    "kneighbors",
    "staged_predict",
    "staged_predict_proba",
    "staged_decision_function",
    "staged_score",
)
TAUGHT = ("fit", "partial_fit", "fit_predict", "fit_transform")
LATE = ("learning_rate", "n_neighbors")  # parameters that predictions ask for again

_swapping = threading.RLock()
# The last tables that were asked for: whoever watches looks at them a little later.
_latest: deque[Any] = deque(maxlen=2)


class _Inside(threading.local):
    """The estimators that this thread is within a call of, by their ids."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.bare = 0  # whether all are asked as they are


_inside = _Inside()


@dataclass(slots=True, eq=False)
class Edits:
    """What a fit was edited by, as far as later calls must know it."""

    doors: list[Callable[[Any], Any]] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    by_parts: bool = False  # it goes on with `partial_fit`

    @property
    def late(self) -> dict[str, Any]:
        """Parameters that must be in force when it predicts."""
        return {n: v for n, v in self.params.items() if n.rpartition("__")[2] in LATE}

    def __bool__(self) -> bool:
        counts = self.params if self.by_parts else self.late
        return bool(self.doors or counts or self.threshold is not None)

    def through(self, table: Any) -> Any:
        """The table, as the estimator has learnt to see it."""
        for each in self.doors:
            table = each(table)
        if self.doors:
            _latest.append(table)
        return table


class Method:
    """A method of one estimator, in the place of its class's."""

    def __init__(self, estimator: Any, name: str, edits: Edits) -> None:
        self.__name__ = name
        self._estimator, self._edits = estimator, edits

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What its class's method says, of what the edits make of the rows."""
        own, name = _of_class(self._estimator, self.__name__), self.__name__
        within = _inside.bare or id(self._estimator) in _inside.ids
        if within or not (args or "X" in named):
            return own(*args, **named)
        if name == "partial_fit" and self._edits.by_parts:
            return self._continued(own, args, named)
        if name in TAUGHT:
            release(self._estimator)
            return own(*args, **named)
        return self._asked(own, args, named)

    def _continued(self, own: Any, args: Any, named: Any) -> Any:
        args, named = _through(self._edits, args, named)
        with inside(self._estimator), swapped(self._estimator, self._edits.params):
            return own(*args, **named)

    def _asked(self, own: Any, args: Any, named: Any) -> Any:
        estimator, edits = self._estimator, self._edits
        if edits.threshold is not None and self.__name__ == "score":
            return _accuracy(estimator, *args, **named)
        args, named = _through(edits, args, named)
        with inside(estimator), swapped(estimator, edits.late):
            if edits.threshold is None or self.__name__ != "predict":
                return own(*args, **named)
            told = scores_of(estimator, *args, **named)
            return decided(own(*args, **named), told, estimator, edits.threshold)


def _through(edits: Edits, args: Any, named: Any) -> tuple[Any, Any]:
    if args:
        return (edits.through(args[0]), *args[1:]), named
    return args, {**named, "X": edits.through(named["X"])}


def _of_class(estimator: Any, name: str) -> Any:
    """The method as it would be without what hides it."""
    kind = type(estimator)
    for parent in kind.__mro__:
        if name in vars(parent):
            return vars(parent)[name].__get__(estimator, kind)
    raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")


def hold(estimator: Any, edits: Edits) -> None:
    """Have what the fitted estimator is asked go through these edits."""
    if not edits:
        return
    found = [n for n in (*ASKED, *TAUGHT) if hasattr(estimator, n)]
    for name in found:
        vars(estimator)[name] = Method(estimator, name, edits)


def release(estimator: Any) -> None:
    """Forget what an earlier fit was edited by."""
    own = vars(estimator)
    for name in [n for n in (*ASKED, *TAUGHT) if isinstance(own.get(n), Method)]:
        del own[name]


def edits_of(estimator: Any) -> Edits | None:
    """What its latest fit was edited by."""
    own = getattr(estimator, "__dict__", {}).get("fit")
    return own._edits if isinstance(own, Method) else None


@contextmanager
def inside(estimator: Any) -> Iterator[None]:
    """Within it, what the estimator asks of itself is as it is."""
    _inside.ids.append(id(estimator))
    try:
        yield
    finally:
        _inside.ids.pop()


@contextmanager
def bare() -> Iterator[None]:
    """Within it, estimators are asked as they are: the rows have been edited before."""
    _inside.bare += 1
    try:
        yield
    finally:
        _inside.bare -= 1


def is_inside(estimator: Any) -> bool:
    """Whether this thread is within a call of the estimator."""
    return id(estimator) in _inside.ids


@contextmanager
def lent(estimator: Any, params: dict[str, Any]) -> Iterator[None]:
    """Within it these parameters are in force."""
    known = estimator.get_params(deep=True) if params else {}
    if params:
        estimator.set_params(**params)
    try:
        yield
    finally:
        if params:
            estimator.set_params(**{name: known[name] for name in params})


@contextmanager
def swapped(estimator: Any, params: dict[str, Any]) -> Iterator[None]:
    """The same, for one thread after the other."""
    if not params:
        yield
        return
    with _swapping, lent(estimator, params):
        yield


def scores_of(estimator: Any, *args: Any, **named: Any) -> Any:
    """How much speaks for the second of two classes, for each row."""
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(*args, **named))[:, 1]
    return np.asarray(estimator.decision_function(*args, **named))


def decided(predicted: Any, told: Any, estimator: Any, threshold: float) -> Any:
    """The classes from that threshold on, in the form of what was predicted."""
    classes = np.asarray(estimator.classes_)
    chosen = classes[(told >= threshold).astype(int)]
    return chosen.reshape(np.shape(predicted))


def _accuracy(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803 (scikit-learn's)
    from sklearn import metrics

    predicted = estimator.predict(X)
    return float(metrics.accuracy_score(y, predicted, sample_weight=sample_weight))
