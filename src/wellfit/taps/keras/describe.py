"""A Keras model and its optimizer in words and numbers: facts fit for JSON."""

import inspect
import sys
from typing import Any

PLAIN = (bool, int, float, str)
ACTIVATIONS = {
    "relu": ("relu", "relu6"),
    "sigmoid": ("sigmoid", "hard_sigmoid"),
    "tanh": ("tanh", "softsign", "hard_tanh"),
}
CLASSES = {"ReLU": "relu"}
BESIDE = ("name", "learning_rate", "beta_1", "beta_2", "ema_momentum")
SCALES = ("Rescaling", "Normalization")  # of the inputs, before any layer that learns


def layers_of(model: Any) -> dict[str, Any]:
    """The layers that do something themselves, by path: leaves, and owners of weights.

    Input layers do nothing.
    """
    found = {}
    for layer in model._flatten_layers(include_self=False):
        leaf = not layer._layers
        if (leaf or own(layer)) and type(layer).__name__ != "InputLayer":
            found[_clear(layer.path or layer.name)] = layer
    if own(model):
        found[_clear(model.name)] = model
    return found


def own(layer: Any) -> list[Any]:
    """The variables of a layer itself that were made to be trained, frozen or not."""
    return list(layer._trainable_variables)


def named(variables: Any) -> dict[str, Any]:
    """Variables by path; of those with one path, all but the first are numbered."""
    found: dict[str, Any] = {}
    for variable in variables:
        path = _clear(getattr(variable, "path", variable.name))
        twins = sum(name.partition(" ")[0] == path for name in found)
        found[f"{path} {twins + 1}" if twins else path] = variable
    return found


def _clear(path: str) -> str:
    return path.replace("@", "_")


def activation_of(layer: Any) -> str | None:
    """`relu`, `sigmoid` or `tanh`, which a layer is or ends in; else None."""
    if type(layer).__name__ in CLASSES:
        return CLASSES[type(layer).__name__]
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", None)
    return next((kind for kind, names in ACTIVATIONS.items() if name in names), None)


def ends_in(model: Any) -> str | None:
    """The name of the very last activation, of any kind."""
    layers = list(layers_of(model).values())
    last = layers[-1] if layers else None
    if type(last).__name__ == "Softmax":
        return "softmax"
    return getattr(getattr(last, "activation", None), "__name__", None)


def model_fact(model: Any, layers: dict[str, Any]) -> dict[str, Any]:
    """The fact `model`."""
    variables = {id(v): v for layer in layers.values() for v in own(layer)}
    names = {id(v): name for name, v in named(variables.values()).items()}
    learning = {id(v) for v in model.trainable_variables}
    sizes = {key: _size(v) for key, v in variables.items()}
    return {
        "class": type(model).__name__,
        "parameters": sum(sizes.values()),
        "trainable": sum(size for key, size in sizes.items() if key in learning),
        "frozen": [name for key, name in names.items() if key not in learning],
        "layers": [
            {
                "name": name,
                "kind": type(layer).__name__,
                "parameters": sum(sizes[id(v)] for v in own(layer)),
                "tensors": [names[id(v)] for v in own(layer)],
                "sizes": [sizes[id(v)] for v in own(layer)],
                "activation": activation_of(layer),
            }
            for name, layer in layers.items()
        ],
    }


def _size(variable: Any) -> int:
    size = 1
    for extent in variable.shape:
        size *= int(extent)
    return size


def first_layer(layers: dict[str, Any]) -> str | None:
    """The class of the first layer with weights, or that scales what enters."""
    for layer in layers.values():
        if own(layer) or type(layer).__name__ in SCALES:
            return type(layer).__name__
    return None


def optimizer_fact(optimizer: Any, rate: float | None) -> dict[str, Any]:
    """The fact `optimizer`: its kind, and its settings as one group."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    group: dict[str, Any] = {"lr": rate, "parameters": len(inner._trainable_variables)}
    for name in _settings(type(inner)):
        value = getattr(inner, name, None)
        if name not in BESIDE and isinstance(value, PLAIN):
            group[name] = value
    if hasattr(inner, "beta_1"):
        group["betas"] = [inner.beta_1, getattr(inner, "beta_2", None)]
    schedule = type(getattr(inner, "_learning_rate", None))
    if schedule.__module__.startswith("keras.src.optimizers.schedules"):
        group["schedule"] = schedule.__name__
    return {"kind": type(inner).__name__, "groups": [group]}


def _settings(kind: type) -> list[str]:
    """What optimizers of that kind are made with."""
    makers = [vars(c)["__init__"] for c in kind.__mro__ if "__init__" in vars(c)]
    names = (
        name
        for make in makers
        if make is not object.__init__
        for name in inspect.signature(make).parameters
    )
    return list(dict.fromkeys(names))


def accumulated(optimizer: Any) -> int:
    """Batches a step: how many gradients are added up before one is taken."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return int(getattr(inner, "gradient_accumulation_steps", None) or 1)


def clipping_fact(optimizer: Any) -> dict[str, Any] | None:
    """The fact `clipping`, where the optimizer clips gradients."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    for setting in ("global_clipnorm", "clipnorm", "clipvalue"):
        limit = getattr(inner, setting, None)
        if limit is not None:
            kind = "value" if setting == "clipvalue" else "norm"
            return {"kind": kind, "limit": float(limit)}
    return None


def versions_fact(backend: str) -> dict[str, str]:
    """The fact `versions` of what matters to a Keras training."""
    wanted = ("keras", backend, "numpy", "sklearn", "pandas")
    loaded = {name: sys.modules[name] for name in wanted if name in sys.modules}
    found = {n: str(getattr(m, "__version__", "unknown")) for n, m in loaded.items()}
    return {"python": sys.version.split()[0], **found}
