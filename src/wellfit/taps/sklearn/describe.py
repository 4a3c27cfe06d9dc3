"""An estimator in words and numbers: what it is, its settings, what it minimises."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClusterMixin,
    RegressorMixin,
    TransformerMixin,
)

from wellfit.record import redact_args
from wellfit.taps.fits import Kind

PLAIN = (bool, int, float, str, type(None), np.integer, np.floating, np.bool_)
SHOWN = 64  # settings of one estimator that are recorded
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}

# What estimators call their losses, in the words of `objective`.
LOSSES = {
    "log_loss": "cross_entropy",
    "deviance": "cross_entropy",
    "multinomial_deviance": "cross_entropy",
    "squared_error": "mse_loss",
    "friedman_mse": "mse_loss",
    "absolute_error": "l1_loss",
    "huber": "huber_loss",
}
IMPLIED = {  # of estimators that do not name it
    "LogisticRegression": "cross_entropy",
    "LogisticRegressionCV": "cross_entropy",
    "MLPClassifier": "cross_entropy",
    "MLPRegressor": "mse_loss",
    "LinearRegression": "mse_loss",
    "Ridge": "mse_loss",
    "RidgeCV": "mse_loss",
    "Lasso": "mse_loss",
    "LassoCV": "mse_loss",
    "ElasticNet": "mse_loss",
    "ElasticNetCV": "mse_loss",
    "KernelRidge": "mse_loss",
    "Perceptron": "perceptron",
    "SVC": "hinge",
    "AdaBoostClassifier": "exponential",
}
# Whose inputs must be of one scale: what they do depends on distances, on penalties or
# on gradients. Trees and naive Bayes do not care.
SCALED = (
    "MLP",
    "SGD",
    "SVC",
    "SVR",
    "NuSV",
    "LinearSV",
    "OneClassSVM",
    "KNeighbors",
    "RadiusNeighbors",
    "NearestCentroid",
    "Perceptron",
    "PassiveAggressive",
    "LogisticRegression",
    "KernelRidge",
    "GaussianProcess",
)


def final(estimator: Any) -> Any:
    """What predicts in the end: a pipeline's last step, a search's best candidate."""
    for _ in range(8):
        inner = _within(estimator)
        if inner is None or isinstance(inner, str):
            return estimator
        estimator = inner
    return estimator


def _within(estimator: Any) -> Any:
    known = vars(estimator) if hasattr(estimator, "__dict__") else {}
    steps = known.get("steps")
    if isinstance(steps, list) and steps:
        return steps[-1][-1]
    if "best_estimator_" in known:
        return known["best_estimator_"]
    if "param_grid" in known or "param_distributions" in known:
        return known.get("estimator")
    return known.get("regressor_", known.get("regressor"))


def kind_of(estimator: Any) -> Kind:
    """Whether it predicts, or prepares and groups."""
    last = final(estimator)
    if isinstance(last, ClassifierMixin | RegressorMixin):
        return Kind.PREDICTOR
    helps = isinstance(last, TransformerMixin | ClusterMixin)
    return Kind.PREDICTOR if not helps and hasattr(last, "predict") else Kind.OTHER


def name_of(estimator: Any) -> str:
    """The class, and the classes of what it is made of: `Pipeline(PCA, SVC)`."""
    known = vars(estimator) if hasattr(estimator, "__dict__") else {}
    named = known.get("steps") or known.get("estimators")
    inner = [pair[-1] for pair in named] if named and _pairs(named) else []
    if not inner and "estimator" in known:
        inner = [known["estimator"]]
    within = ", ".join(name_of(part) for part in inner[:8] if _is_estimator(part))
    return type(estimator).__name__ + (f"({within})" if within else "")


def _pairs(named: Any) -> bool:
    return isinstance(named, list) and all(
        isinstance(pair, tuple) and len(pair) >= 2 for pair in named
    )


def _is_estimator(thing: Any) -> bool:
    return hasattr(thing, "fit") and not isinstance(thing, type)


def parts_of(estimator: Any) -> Iterator[Any]:
    """The estimator and those that it was given, however deep."""
    yield estimator
    try:
        given = estimator.get_params(deep=True)
    except Exception:  # a stranger's own
        return
    for value in given.values():
        if _is_estimator(value):
            yield value


def is_sklearns_own(estimator: Any) -> bool:
    """Whether nothing of a stranger's would run in a prediction, and none is drawn."""
    for part in parts_of(estimator):
        if not type(part).__module__.startswith("sklearn."):
            return False
        if type(part).__name__.startswith("Dummy"):  # some of them guess
            return False
        given = part.get_params(deep=False)
        if any(callable(v) and not _is_estimator(v) for v in given.values()):
            return False
        if given.get("n_jobs") not in (None, 1) and not hasattr(part, "oob_score"):
            return False  # it may start processes
    return True


def settings(estimator: Any) -> dict[str, Any]:
    """Its parameters and those of its parts, plain and without secrets."""
    try:
        given = estimator.get_params(deep=True)
    except Exception:  # a stranger's own
        return {}
    found = {}
    for name, value in given.items():
        if _is_estimator(value) or _pairs(value):
            continue
        found[name] = plain(name, value)
    return dict(list(found.items())[:SHOWN])


def plain(name: str, value: Any) -> Any:
    """A setting of that name as JSON knows it, without secrets."""
    if isinstance(value, str):
        return redact_args([f"{name}={value}"])[0].partition("=")[2]
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple) and len(value) <= 16:
        return [plain(name, item) for item in value]
    if isinstance(value, dict) and len(value) <= 16:
        return {str(k): plain(str(k), item) for k, item in value.items()}
    return _in_words(value)


def _in_words(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):  # of a type it is none
        return f"array of shape {shape}"
    if isinstance(value, list | tuple | dict):
        return f"{len(value)} values"
    return str(getattr(value, "__name__", type(value).__name__))


def criterion_of(last: Any, classes: int) -> str:
    """What it minimises, in the words of the fact `objective`."""
    known = vars(last)
    said = known.get("loss") or known.get("criterion")
    if isinstance(said, str):
        return LOSSES.get(said, said)
    fallback = "other" if classes else "mse_loss"
    return IMPLIED.get(type(last).__name__, fallback if classes else "other")


def is_scaled(last: Any) -> bool:
    """Whether what it does depends on the scale of its inputs."""
    return type(last).__name__.startswith(SCALED)


def takes_missing(last: Any) -> bool:
    """Whether it deals with missing values by itself."""
    if not isinstance(last, BaseEstimator):
        return False
    return bool(last.__sklearn_tags__().input_tags.allow_nan)


def memorizes(last: Any) -> bool:
    """Whether it predicts the rows it was fitted on by remembering them.

    Forests of full-grown trees do, and nearest neighbours that count themselves: their
    score on these rows tells nothing.
    """
    kind, given = type(last).__name__, vars(last)
    if kind.startswith(("RandomForest", "ExtraTrees")):
        grown = given.get("max_depth") is None and given.get("max_leaf_nodes") is None
        return bool(grown and given.get("min_samples_leaf") == 1)
    if kind.startswith("KNeighbors"):
        return bool(given.get("n_neighbors") == 1 or given.get("weights") == "distance")
    return kind.startswith(("Bagging", "GaussianProcess"))


def model_fact(estimator: Any) -> dict[str, Any]:
    """The fact `model`."""
    last = final(estimator)
    count, layers = _size(last), _layers(last)
    fact: dict[str, Any] = {"class": name_of(estimator), "frozen": []}
    if count is not None:
        fact |= {"parameters": count, "trainable": count}
    if memorizes(last):
        fact["memorizes"] = True
    return fact | {"layers": layers}


def _size(last: Any) -> int | None:
    """Coefficients; of trees, leaves; of support vector machines, dual coefficients."""
    known = vars(last)
    arrays = [*known.get("coefs_", ()), *known.get("intercepts_", ())]
    if not arrays:
        arrays = [
            known[name]
            for name in ("coef_", "intercept_", "_intercept_", "theta_", "dual_coef_")
            if known.get(name) is not None
        ]
    if arrays:
        return sum(int(np.size(getattr(a, "data", a))) for a in arrays)
    leaves = [_leaves(tree) for tree in _trees(known)]
    return sum(leaves) if leaves else None


def _trees(known: dict[str, Any]) -> Iterator[Any]:
    if "tree_" in known:
        yield known["tree_"]
    members = known.get("estimators_")
    if members is not None:
        for member in np.asarray(members, dtype=object).ravel():
            yield from _trees(vars(member) if hasattr(member, "__dict__") else {})
    for stage in known.get("_predictors", ()):
        yield from stage


def _leaves(tree: Any) -> int:
    count = getattr(tree, "n_leaves", None)
    return int(count) if count is not None else int(tree.get_n_leaf_nodes())


def _layers(last: Any) -> list[dict[str, Any]]:
    """Of a multi-layer perceptron, its layers in forward order."""
    known = vars(last)
    weights, biases = known.get("coefs_", ()), known.get("intercepts_", ())
    hidden = ACTIVATIONS.get(str(known.get("activation")))
    ending = ACTIVATIONS.get(str(known.get("out_activation_")))
    return [
        {
            "name": f"layer {place}",
            "kind": "Linear",
            "parameters": int(weight.size + bias.size),
            "tensors": [f"coefs_.{place}", f"intercepts_.{place}"],
            "sizes": [int(weight.size), int(bias.size)],
            "activation": hidden if place < len(weights) - 1 else ending,
        }
        for place, (weight, bias) in enumerate(zip(weights, biases, strict=False))
    ]


def optimizer_fact(last: Any) -> dict[str, Any] | None:
    """The fact `optimizer`, of what is trained by steps along gradients."""
    kind, known = type(last).__name__, vars(last)
    if kind.startswith("MLP"):
        return _of_perceptron(known)
    if not kind.startswith("SGD"):
        return None
    group = {
        "parameters": 2,
        "lr": known.get("eta0"),
        "weight_decay": known.get("alpha"),
    }
    schedule = known.get("learning_rate")
    if schedule == "optimal":  # it begins where alpha puts it
        del group["lr"]
    return {"kind": "SGD", "groups": [group], "schedule": schedule, "batch_size": 1}


def _of_perceptron(known: dict[str, Any]) -> dict[str, Any]:
    solver = str(known.get("solver"))
    group: dict[str, Any] = {"parameters": 2 * len(known.get("coefs_", ()))}
    group["weight_decay"] = known.get("alpha")
    fact: dict[str, Any] = {"kind": solver.upper(), "groups": [group]}
    if solver == "lbfgs":
        return fact
    group["lr"] = known.get("learning_rate_init")
    if solver == "adam":
        fact["kind"] = "Adam"
        group["betas"] = [known.get("beta_1"), known.get("beta_2")]
    else:
        group["momentum"] = known.get("momentum")
        group["nesterov"] = known.get("nesterovs_momentum")
        fact["schedule"] = known.get("learning_rate")
    return fact
