"""Activations, by layer, at the steps that are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wellfit.taps.torch.calm import compiling
from wellfit.taps.torch.numbers import OnItsWay, send
from wellfit.taps.torch.parameters import Row
from wellfit.taps.torch.segments import Segments

RELU = (nn.ReLU, nn.ReLU6, nn.Threshold, nn.Hardtanh)
SIGMOID = (nn.Sigmoid, nn.Hardsigmoid)
TANH = (nn.Tanh, nn.Softsign)
WINDOW = 10  # looks without a sign of life after which a unit counts as dead
EDGE = 0.025  # of the range, at either end: where the slope is under a tenth of its
# greatest (sigmoid: 0.024 of 0.25; tanh: 0.0975 of 1)
MOST_VALUES = 1 << 14  # of a layer's activations looked at in one step


def activation_of(module: nn.Module) -> str | None:
    """`relu`, `sigmoid`, `tanh`, or None for a module that is none of them."""
    kinds = {"relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}
    return next((k for k, types in kinds.items() if isinstance(module, types)), None)


@dataclass(slots=True)
class _Seen:
    """A sample of what a layer gave, its units last; `entered` a layer, not left it."""

    name: str
    kind: str | None
    entered: bool
    sample: Tensor


class LayersLook:
    """Forward hooks on the layers of a model, which come for a step and go again.

    A hook takes a sample and no more; what it tells is worked out for all layers at
    once. An activation called as a function has no module: it is seen at the input of
    the layer behind it, and told under the name of the layer before it.
    """

    def __init__(self, layers: Mapping[str, nn.Module] | None = None) -> None:
        self.spent = 0.0  # seconds, since it was last asked
        self._layers = layers or {}
        self._handles: list[Any] = []
        self._seen: dict[tuple[str, bool], _Seen] = {}
        self._silent: dict[str, NDArray[np.int64]] = {}  # looks since a unit was alive
        self._looks: dict[str, int] = {}
        self._before: tuple[str, nn.Module, Any] | None = None  # and what it gave

    def meet(self, layers: Mapping[str, nn.Module]) -> None:
        """These are the layers now."""
        self._layers = layers
        self._silent.clear()
        self._looks.clear()

    def open(self) -> None:
        """Begin to look."""
        self.close()
        for name, module in self._layers.items():
            hook = self._hook(name)
            self._handles.append(module.register_forward_hook(hook))

    def close(self) -> "Activations | None":
        """End the look; what was seen."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        seen, self._seen, self._before = list(self._seen.values()), {}, None
        return Activations(seen, self._silent, self._looks) if seen else None

    @property
    def latest(self) -> str | None:
        """The layer that was called last."""
        return None if self._before is None else self._before[0]

    def _hook(self, name: str) -> Any:
        def look(module: nn.Module, args: Any, output: Any) -> None:
            if compiling() or not torch.is_grad_enabled():
                return
            begun = perf_counter()
            self._see(name, module, args, output)
            self.spent += perf_counter() - begun

        return look

    def _see(self, name: str, module: nn.Module, args: Any, output: Any) -> None:
        if (name, False) in self._seen:
            return  # called again in this step: the first time will do
        wide = _wide(module)
        if self._before is not None and _weighted(module):
            self._functional(args)
        out = _plain(output)
        if out is not None:
            before = self._before is not None and _wide(self._before[1])
            kind = activation_of(module)
            sample = _sample(out, wide or (kind is not None and before))
            self._seen[name, False] = _Seen(name, kind, False, sample)
        self._before = (name, module, output)

    def _functional(self, args: Any) -> None:
        """What stands between the layer before and this one, where no module does."""
        assert self._before is not None
        name, module, output = self._before
        entering = args[0] if args else None
        if entering is output or not _weighted(module):
            return
        tensor = _plain(entering)
        if tensor is None or isinstance(module, nn.Embedding):
            return
        sample = _sample(tensor, _wide(module))
        self._seen.setdefault((name, True), _Seen(name, None, True, sample))


class Activations:
    """What a look saw of the layers, on its way to the host."""

    def __init__(
        self,
        seen: list[_Seen],
        silent: dict[str, NDArray[np.int64]],
        looks: dict[str, int],
    ) -> None:
        self._seen = seen
        self._silent, self._looks = silent, looks
        self._shapes = [(len(s.sample), s.sample.shape[1]) for s in seen]
        device = seen[0].sample.device
        apart = any(s.sample.device != device for s in seen)
        parts = [s.sample.reshape(-1) for s in seen]
        self.numbers: OnItsWay = send(
            torch.cat([p.cpu() for p in parts] if apart else parts)
        )

    @property
    def names(self) -> tuple[str | None, ...]:
        """The layer whose output a segment is; None for what entered one."""
        return tuple(None if s.entered else s.name for s in self._seen)

    @property
    def here(self) -> bool:
        """Whether its numbers have come."""
        return self.numbers.here

    def segments(self) -> Segments:
        """The samples, by layer."""
        sizes = [rows * units for rows, units in self._shapes]
        return Segments.of(self.numbers.array(), sizes)

    def row(self) -> Row:
        """The signals, by layer."""
        found = self.segments()
        ends = np.append(found.starts, len(found.numbers))
        names: list[str] = []
        values: list[float] = []
        means, deviations = found.means, found.deviations
        for place, seen in enumerate(self._seen):
            if not seen.entered:
                names += [f"activation_mean@{seen.name}", f"activation_std@{seen.name}"]
                values += [means[place], deviations[place]]
            numbers = found.numbers[ends[place] : ends[place + 1]]
            kind = seen.kind if not seen.entered else _guess(numbers)
            if kind is not None:
                units = numbers.reshape(self._shapes[place])
                for name, value in self._told(seen.name, kind, units).items():
                    names.append(f"{name}@{seen.name}")
                    values.append(value)
        return tuple(names), np.array(values)

    def _told(
        self, name: str, kind: str, units: NDArray[np.float64]
    ) -> dict[str, float]:
        if kind != "relu":
            low = 0.0 if kind == "sigmoid" else -1.0
            margin = EDGE * (1 - low)
            beyond = (units < low + margin) | (units > 1 - margin)
            return {"saturated_share": float(beyond.mean())}
        alive = units != 0
        return {
            "zero_share": float(1 - alive.mean()),
            "dead_share": self._dead(name, alive.any(axis=0)),
        }

    def _dead(self, name: str, woken: NDArray[np.bool_]) -> float:
        silent = self._silent.get(name)
        if silent is None or silent.shape != woken.shape:
            silent = np.zeros(woken.shape, np.int64)
            self._looks[name] = 0
        self._looks[name] += 1
        silent = self._silent[name] = np.where(woken, 0, silent + 1)
        return float((silent >= min(WINDOW, self._looks[name])).mean())


def _guess(numbers: NDArray[np.float64]) -> str | None:
    """Which activation, called as a function, such values come from."""
    low, high = float(numbers.min()), float(numbers.max())
    if low == 0.0 and high > 0:
        return "relu"
    if low > 0 and high < 1:
        return "sigmoid"
    return "tanh" if -1 < low < -0.9 and 0.9 < high < 1 else None


def _weighted(module: nn.Module) -> bool:
    return any(p is not None for p in module._parameters.values())


def _wide(module: nn.Module) -> bool:
    """Whether it keeps its units in dimension 1, as images have."""
    kinds = (nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm)
    return isinstance(module, kinds)


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


def _sample(values: Tensor, wide: bool) -> Tensor:
    """Some of the values, `(rows, units)`: a copy, for they may be changed in place."""
    rows = max(1, MOST_VALUES // max(1, values[0].numel()))
    if len(values) > rows:
        values = values[:: -(-len(values) // rows)]
    if values.ndim > 3 or (wide and values.ndim > 2):
        values = values.flatten(2)
        apart = -(-values.numel() // MOST_VALUES)
        values = values[:, :, ::apart].movedim(1, -1)
    values = values.reshape(-1, values.shape[-1])
    apart = -(-values.numel() // MOST_VALUES)
    return values[::apart].clone(memory_format=torch.contiguous_format)
