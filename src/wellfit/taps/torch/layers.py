"""Activations, by layer, at the steps that are looked at."""

from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.numbers import fetch

RELU = (nn.ReLU, nn.ReLU6, nn.Threshold, nn.Hardtanh)
SIGMOID = (nn.Sigmoid, nn.Hardsigmoid)
TANH = (nn.Tanh, nn.Softsign)
WINDOW = 10  # looks without a sign of life after which a unit counts as dead
EDGE = 0.025  # of the range, at either end: where the slope is under a tenth of its
# greatest (sigmoid: 0.024 of 0.25; tanh: 0.0975 of 1)
MOST_VALUES = 1 << 16  # of a layer's activations looked at in one step


def activation_of(module: nn.Module) -> str | None:
    """`relu`, `sigmoid`, `tanh`, or None for a module that is none of them."""
    kinds = {"relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}
    return next((k for k, types in kinds.items() if isinstance(module, types)), None)


class LayersLook:
    """Forward hooks on the layers of a model, which come for a step and go again.

    An activation called as a function has no module: it is seen at the input of the
    layer behind it, and told under the name of the layer before it.
    """

    def __init__(self, layers: dict[str, nn.Module]) -> None:
        self.spent = 0.0  # seconds, since it was last asked
        self._layers = layers
        self._handles: list[Any] = []
        self._names: list[str] = []
        self._scalars: list[Tensor] = []
        self._silent: dict[str, Tensor] = {}  # looks since a unit was last alive
        self._looks: dict[str, int] = {}
        self._before: tuple[str, nn.Module] | None = None

    def open(self) -> None:
        """Begin to look."""
        self.close()
        self._before = None
        for name, module in self._layers.items():
            hook = self._hook(name)
            self._handles.append(module.register_forward_hook(hook))

    def close(self) -> dict[str, float]:
        """End the look; the signals that were seen, by name."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        found = dict(zip(self._names, fetch(self._scalars), strict=True))
        self._names.clear()
        self._scalars.clear()
        return found

    def _hook(self, name: str) -> Any:
        def look(module: nn.Module, args: Any, output: Any) -> None:
            if torch.compiler.is_compiling() or not torch.is_grad_enabled():
                return
            begun = perf_counter()
            with torch.no_grad():
                self._see(name, module, args, output)
            self.spent += perf_counter() - begun

        return look

    def _see(self, name: str, module: nn.Module, args: Any, output: Any) -> None:
        out = _plain(output)
        kind = activation_of(module)
        if out is not None:
            some = _some(out)
            self._say("activation_mean", name, some.mean())
            self._say("activation_std", name, some.std(correction=0))
            if kind is not None:
                self._activation(name, kind, some, _units(some, self._wide()))
        has_weight = next(module.parameters(recurse=False), None) is not None
        if has_weight and self._before is not None:
            self._functional(args)
        self._before = (name, module)

    def _functional(self, args: Any) -> None:
        """What stands between the layer before and this one, where no module does."""
        assert self._before is not None
        name, module = self._before
        entering = _plain(args[0] if args else None)
        weighted = next(module.parameters(recurse=False), None) is not None
        if entering is None or not weighted or isinstance(module, nn.Embedding):
            return
        some = _some(entering)
        low, high = (float(v) for v in torch.aminmax(some))
        if low == 0.0 and high > 0:
            self._activation(name, "relu", some, _units(some, self._wide()))
        elif (low > 0 and high < 1) or (-1 < low < -0.9 and 0.9 < high < 1):
            kind = "sigmoid" if low > 0 else "tanh"
            self._activation(name, kind, some, _units(some, self._wide()))

    def _activation(self, name: str, kind: str, some: Tensor, units: int) -> None:
        if kind != "relu":
            low = 0.0 if kind == "sigmoid" else -1.0
            margin = EDGE * (1 - low)
            beyond = (some < low + margin) | (some > 1 - margin)
            self._say("saturated_share", name, beyond.float().mean())
            return
        alive = some != 0
        self._say("zero_share", name, 1 - alive.mean(dtype=torch.float32))
        self._say("dead_share", name, self._dead(name, alive, units))

    def _dead(self, name: str, alive: Tensor, units: int) -> Tensor:
        others = [d for d in range(alive.ndim) if d != units]
        woken = alive.any(others)
        silent = self._silent.get(name)
        if silent is None or silent.shape != woken.shape:
            silent = torch.zeros_like(woken, dtype=torch.int32)
            self._looks[name] = 0
        self._looks[name] += 1
        silent = torch.where(woken, 0, silent + 1)
        self._silent[name] = silent
        return (silent >= min(WINDOW, self._looks[name])).float().mean()

    def _wide(self) -> bool:
        """Whether the layer before keeps its units in dimension 1, as images have."""
        kinds = (nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm)
        return self._before is not None and isinstance(self._before[1], kinds)

    def _say(self, signal: str, where: str, value: Tensor) -> None:
        self._names.append(f"{signal}@{where}")
        self._scalars.append(value)


def _plain(value: Any) -> Tensor | None:
    """The first floating-point tensor with a batch and units, or None."""
    if isinstance(value, (tuple, list)) and value:
        value = value[0]
    usable = (
        isinstance(value, Tensor)
        and value.is_floating_point()
        and value.layout == torch.strided
        and value.ndim > 1
        and value.numel() > 0
    )
    return value.detach() if usable else None


def _some(values: Tensor) -> Tensor:
    rows = max(1, MOST_VALUES // max(1, values[0].numel()))
    return values[:: -(-len(values) // rows)] if len(values) > rows else values


def _units(values: Tensor, wide: bool) -> int:
    return 1 if values.ndim > 3 or (wide and values.ndim > 2) else values.ndim - 1
