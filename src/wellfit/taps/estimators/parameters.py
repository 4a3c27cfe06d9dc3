"""Edits of parameters: what estimators call a rate, a duration, a size, a penalty.

Each gives the new value by path (`svc__C`), for all that learns within an estimator.
They are in force while it is fitted; afterwards the script finds its own again.
"""

from collections.abc import Callable, Iterator
from math import ceil, log2
from typing import Any

from wellfit.taps.fits import Kind
from wellfit.taps.sklearn.describe import kind_of

Values = dict[str, Any]
# What stands for None, which means the library's own.
USUAL = {"learning_rate": 0.3, "n_estimators": 100, "max_depth": 6, "reg_lambda": 1.0}
FORESTS = ("RandomForest", "ExtraTrees", "Bagging", "XGBRF")
SCHEDULED = ("constant", "invscaling", "adaptive")  # whose rate begins at `eta0`
SMALL = 200  # rows of a batch of MLPs, unless they say otherwise


def learners(estimator: Any) -> Iterator[tuple[str, Any, Values]]:
    """What learns within an estimator: where, itself, and its own parameters."""
    known = estimator.get_params(deep=True)
    own = {"": estimator} | {
        f"{path}__": part
        for path, part in known.items()
        if hasattr(part, "get_params") and not isinstance(part, type)
    }
    for path, part in own.items():
        if kind_of(part) is Kind.PREDICTOR:
            yield path, part, part.get_params(deep=False)


def by_name(estimator: Any, change: Callable[[str, str, Any, Values], Any]) -> Values:
    """`change(class, name, value, all)` for each parameter; None leaves it."""
    found: Values = {}
    for path, part, params in learners(estimator):
        kind = type(part).__name__
        for name, value in params.items():
            known = _known(kind, name, value)
            new = change(kind, name, known, params)
            if new is not None and new != value:
                found[path + name] = new
    return found


def _known(kind: str, name: str, value: Any) -> Any:
    return USUAL.get(name) if value is None and kind.startswith("XGB") else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- the learning rate ----------------------------------------------------------------


def rates(estimator: Any, factor: float) -> Values:
    """Every learning rate times a factor."""

    def change(kind: str, name: str, value: Any, params: Values) -> Any:
        scheduled = name == "eta0" and params.get("learning_rate") in SCHEDULED
        if name in ("learning_rate", "learning_rate_init") or scheduled:
            return value * factor if _is_number(value) else None
        return None

    return by_name(estimator, change)


# -- the duration ---------------------------------------------------------------------


def duration(estimator: Any, factor: float) -> Values:
    """So many times as many iterations, or rounds."""

    def change(kind: str, name: str, value: Any, params: Values) -> Any:
        rounds = name == "n_estimators" and is_boosting(kind)
        if (rounds or name == "max_iter") and _is_number(value) and value > 0:
            return max(1, round(value * factor))
        return None

    return by_name(estimator, change)


def is_boosting(kind: str) -> bool:
    """Whether estimators of this class add one tree after the other."""
    return "Boost" in kind or (kind.startswith(("XGB", "LGBM")) and "RF" not in kind)


# -- the size -------------------------------------------------------------------------


def size(estimator: Any, factor: float, rows: int) -> Values:
    """So many times as many leaves, or units; neighbours, of which fewer are more."""

    def change(kind: str, name: str, value: Any, params: Values) -> Any:
        if name == "hidden_layer_sizes":
            return _units(value, factor)
        if not _is_number(value):
            return None
        sizes = {
            "n_neighbors": min(max(1, round(value / factor)), max(1, rows // 2)),
            "num_leaves": max(2, round(value * factor)),
            "max_leaf_nodes": max(2, round(value * factor)),
            "max_depth": max(1, round(value + log2(factor))) if value > 0 else None,
        }
        if params.get("max_depth") is None:
            sizes["min_samples_leaf"] = _leaf(value, factor)
        if kind.startswith(FORESTS) and factor > 1:
            sizes["n_estimators"] = round(value * factor)
        return sizes.get(name)

    return by_name(estimator, change)


def _units(value: Any, factor: float) -> Any:
    if isinstance(value, int):
        return max(1, round(value * factor))
    return tuple(max(1, round(units * factor)) for units in value)


def _leaf(value: Any, factor: float) -> Any:
    """Of a tree that grows freely: rows that a leaf holds, for so many leaves fewer."""
    if isinstance(value, float):
        return min(0.5, value / factor)
    return max(1, ceil(value / factor))


# -- penalties ------------------------------------------------------------------------


def decay(estimator: Any, rate: float, rows: int) -> Values:
    """A penalty of ½ `rate` on the squares, beside a mean of losses.

    What penalises beside a sum gets it times the rows.
    """

    def change(kind: str, name: str, value: Any, params: Values) -> Any:
        if not _is_number(value):
            return None
        if name == "C":
            return 1 / (1 / value + rate * rows)
        if name in ("reg_lambda", "l2_regularization"):
            return value + rate * rows
        if name == "alpha" and (times := _by_alpha(kind, params, rows)):
            return value + rate * times
        return None

    return by_name(estimator, change)


def _by_alpha(kind: str, params: Values, rows: int) -> int:
    """The rows over whose sum of losses its `alpha` penalises; 0 where it does not."""
    if kind.startswith("MLP"):
        batch = params.get("batch_size")
        return min(batch if isinstance(batch, int) else SMALL, rows)
    if kind.startswith(("Ridge", "KernelRidge")):
        return rows
    return int(kind.startswith(("SGD", "Lasso", "ElasticNet", "Huber")))


def penalties(estimator: Any, factor: float, rows: int) -> Values:
    """Every penalty on the weights times a factor."""

    def change(kind: str, name: str, value: Any, params: Values) -> Any:
        if not _is_number(value) or value == 0:
            return None
        if name == "C":
            return value / factor
        if name in ("reg_lambda", "reg_alpha", "l2_regularization", "ccp_alpha"):
            return value * factor
        if name == "alpha" and _by_alpha(kind, params, rows):
            return value * factor
        return None

    return by_name(estimator, change)


# -- weights of the classes -----------------------------------------------------------


def class_weights(estimator: Any) -> Values:
    """`balanced`, for all that take weights of classes and have none."""

    def change(kind: str, name: str, value: Any, params: Values) -> Any:
        return "balanced" if name == "class_weight" and value is None else None

    return by_name(estimator, change)


# -- early stopping -------------------------------------------------------------------


def stopping(estimator: Any, patience: int) -> Values:
    """scikit-learn's own early stopping, on a tenth of the rows."""
    found: Values = {}
    for path, part, params in learners(estimator):
        if params.get("early_stopping") in (False, "auto"):
            found[path + "early_stopping"] = True
            if "n_iter_no_change" in params:
                found[path + "n_iter_no_change"] = patience
        elif is_boosting(type(part).__name__) and _is_open(params):
            found[path + "n_iter_no_change"] = patience
    return found


def _is_open(params: Values) -> bool:
    """Whether it could stop early, and does not."""
    return params.get("n_iter_no_change", 0) is None
