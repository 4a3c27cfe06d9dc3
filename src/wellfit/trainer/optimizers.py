"""Optimizers by name, their parameter groups, and the rates that a schedule sets."""

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from wellfit.core.errors import BadSetting, UnknownName

Parameters = dict[str, nn.Parameter]  # by name


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """An optimizer of PyTorch's: its class, and what is customary for it."""

    of: str
    learning_rate: float
    weight_decay: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


OPTIMIZERS: Mapping[str, _Kind] = {
    "sgd": _Kind(of="SGD", learning_rate=0.1),
    "adagrad": _Kind(of="Adagrad", learning_rate=1e-2),
    "rmsprop": _Kind(of="RMSprop", learning_rate=1e-3),
    "adam": _Kind(of="Adam", learning_rate=1e-3),
    "adamw": _Kind(of="AdamW", learning_rate=1e-3, weight_decay=1e-2),
    "lbfgs": _Kind(
        of="LBFGS", learning_rate=1.0, options={"line_search_fn": "strong_wolfe"}
    ),
    # So scaled, Muon takes AdamW's rate and decay: Liu et al. (2025), Muon is scalable
    # for LLM training, section 2.2.
    "muon": _Kind(
        of="Muon",
        learning_rate=1e-3,
        weight_decay=1e-2,
        options={"adjust_lr_fn": "match_rms_adamw"},
    ),
}
# One pass over the weights instead of several; the others have none on every device.
FUSED = frozenset({"sgd", "adam", "adamw"})
NORMS = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerSettings:
    """Which optimizer, and how.

    `learning_rate` and `weight_decay` are the customary ones where they are None;
    `options` are PyTorch's own, by its names (momentum, nesterov, betas). Norms and
    biases do not decay unless `decay_all`. Each layer's rate is `layer_rate` times that
    of the layer after it, and `rates` multiply those of parameters whose names begin
    so.
    """

    name: str = "adamw"
    learning_rate: float | None = None
    weight_decay: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    decay_all: bool = False
    layer_rate: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)
    fused: bool = True  # where PyTorch can

    def __post_init__(self) -> None:
        if self.name not in OPTIMIZERS:
            raise UnknownName("optimizer", self.name, among=OPTIMIZERS)
        for what in ("learning_rate", "weight_decay", "layer_rate"):
            value = getattr(self, what)
            if value is not None and not 0 <= value < math.inf:
                raise BadSetting(f"{what} must be at least 0; got {what}={value}")

    @property
    def rate(self) -> float:
        """The base rate."""
        customary = OPTIMIZERS[self.name].learning_rate
        return customary if self.learning_rate is None else self.learning_rate

    @property
    def decay(self) -> float:
        """The decay of weights that decay."""
        customary = OPTIMIZERS[self.name].weight_decay
        return customary if self.weight_decay is None else self.weight_decay


def make_optimizers(
    network: nn.Module, how: OptimizerSettings
) -> tuple[torch.optim.Optimizer, ...]:
    """The optimizers of a network's parameters: one, or two where it needs two.

    Muon is for the matrices within a network; AdamW takes the rest at the same rate.
    """
    parameters = {n: p for n, p in network.named_parameters() if p.requires_grad}
    if not parameters:
        raise BadSetting("there is nothing to train: no parameter requires a gradient")
    if how.name != "muon":
        return (_made(network, parameters, how),)
    inner = _inner_matrices(network, parameters)
    outer = {n: p for n, p in parameters.items() if n not in inner}
    rest = OptimizerSettings(
        name="adamw",
        learning_rate=how.rate,
        weight_decay=how.decay,
        decay_all=how.decay_all,
        layer_rate=how.layer_rate,
        rates=how.rates,
        fused=how.fused,
    )
    both = ((inner, how), (outer, rest))
    return tuple(_made(network, some, by) for some, by in both if some)


def _inner_matrices(network: nn.Module, parameters: Parameters) -> Parameters:
    """All matrices but embeddings and the output layer's.

    Jordan et al. (2024), Muon: an optimizer for hidden layers.
    """
    embeddings = {
        id(m.weight)
        for m in network.modules()
        if isinstance(m, nn.Embedding | nn.EmbeddingBag)
    }
    matrices = [n for n, p in parameters.items() if p.ndim == 2]
    return {
        n: parameters[n] for n in matrices[:-1] if id(parameters[n]) not in embeddings
    }


def _made(
    network: nn.Module, parameters: Parameters, how: OptimizerSettings
) -> torch.optim.Optimizer:
    kind = OPTIMIZERS[how.name]
    of = getattr(torch.optim, kind.of, None)
    if of is None:
        raise BadSetting(
            f"PyTorch {torch.__version__} has no {kind.of}: take a newer PyTorch, or "
            "another optimizer"
        )
    options = {**kind.options, **_fusing(how, parameters), **how.options}
    known = set(inspect.signature(of).parameters) - {"params", "lr", "weight_decay"}
    for unknown in options.keys() - known:
        raise UnknownName(f"option of {how.name}", unknown, among=sorted(known))
    try:
        if how.name == "lbfgs":
            made = of(_single(parameters, how), lr=how.rate, **options)
        else:
            groups = list(grouped(network, parameters, how))
            made = of(groups, lr=how.rate, **options)
    except (TypeError, ValueError) as error:
        raise BadSetting(f"{how.name} refuses its options: {error}") from error
    for group in made.param_groups:
        group["initial_lr"] = group["lr"]
    return made  # type: ignore[no-any-return]


def _fusing(how: OptimizerSettings, parameters: Parameters) -> dict[str, bool]:
    able = all(p.is_floating_point() for p in parameters.values())
    where = {p.device.type for p in parameters.values()}
    fits = how.name in FUSED and able and where <= {"cpu", "cuda"}
    return {"fused": True} if how.fused and fits else {}


def _single(parameters: Parameters, how: OptimizerSettings) -> list[nn.Parameter]:
    """All parameters: LBFGS has no groups, and no decay."""
    if how.decay or how.layer_rate != 1 or how.rates:
        raise BadSetting(
            "lbfgs has one rate and no decay: leave out weight_decay, layer_rate and "
            "rates; an L2 penalty does what decay does"
        )
    return list(parameters.values())


def grouped(
    network: nn.Module, parameters: Parameters, how: OptimizerSettings
) -> Iterator[dict[str, Any]]:
    """Parameter groups: those of one rate and one decay together."""
    fixed = set() if how.decay_all else undecayed(network)
    depths = _depths(list(parameters))
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        rate = how.rate * how.layer_rate ** depths[name]
        rate *= math.prod(f for start, f in how.rates.items() if name.startswith(start))
        decay = 0.0 if id(parameter) in fixed else how.decay
        groups.setdefault((rate, decay), []).append(parameter)
    for (rate, decay), some in groups.items():
        yield {"params": some, "lr": rate, "weight_decay": decay}


def undecayed(network: nn.Module) -> set[int]:
    """The ids of parameters that do not decay: of norms, biases and other vectors."""
    return {
        id(parameter)
        for module in network.modules()
        for parameter in module.parameters(recurse=False)
        if parameter.ndim < 2 or isinstance(module, NORMS)
    }


def _depths(names: Sequence[str]) -> dict[str, int]:
    """How many layers come after a parameter's own; the blocks of a stack are layers.

    >>> _depths(["stem.weight", "blocks.0.a.weight", "blocks.0.b.weight", "head.bias"])
    {'stem.weight': 2, 'blocks.0.a.weight': 1, 'blocks.0.b.weight': 1, 'head.bias': 0}
    """
    layers = [_layer(name) for name in names]
    places = {layer: place for place, layer in enumerate(dict.fromkeys(layers))}
    return {
        name: len(places) - 1 - places[layer]
        for name, layer in zip(names, layers, strict=True)
    }


def _layer(name: str) -> str:
    *path, _ = name.split(".")
    numbered = next((i for i, part in enumerate(path) if part.isdigit()), len(path))
    return ".".join(path[: numbered + 1])


class Rates:
    """Sets the rate of every group to its own base rate times a schedule's factor.

    A rate that somebody else has changed since is taken for a new base rate: an edit
    lasts, and the schedule goes on from it.
    """

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        self.factor = 1.0  # that is in force
        self._optimizers = optimizers

    def set(self, factor: float) -> None:
        """Put a factor into force."""
        if factor == self.factor:
            return
        for group in (g for o in self._optimizers for g in o.param_groups):
            rate = group["initial_lr"] * self.factor
            if group["lr"] != rate and self.factor:
                group["initial_lr"] = group["lr"] / self.factor
            group["lr"] = group["initial_lr"] * factor
        self.factor = factor

    def set_momentum(self, momentum: float | None) -> None:
        """Put a momentum into force, or β₁, where the schedule moves it.

        An optimizer that has none gets none.
        """
        if momentum is None:
            return
        for group in (g for o in self._optimizers for g in o.param_groups):
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            elif group.get("momentum"):
                group["momentum"] = momentum
