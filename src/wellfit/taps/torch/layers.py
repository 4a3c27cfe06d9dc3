"""Activations, by layer, at the steps that are looked at."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from time import thread_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wellfit.taps.torch.columns import Columns
from wellfit.taps.torch.doors import Doors, Left, usual
from wellfit.taps.torch.numbers import OnItsWay, local, send
from wellfit.taps.torch.parameters import joined
from wellfit.taps.torch.segments import Segments

RELU = (nn.ReLU, nn.ReLU6, nn.Threshold, nn.Hardtanh)
SIGMOID = (nn.Sigmoid, nn.Hardsigmoid)
TANH = (nn.Tanh, nn.Softsign)
WINDOW = 10  # looks without a sign of life after which a unit counts as dead
EDGE = 0.025  # of the range, at either end: where the slope is under a tenth of its
# greatest (sigmoid: 0.024 of 0.25; tanh: 0.0975 of 1)
MOST_VALUES = 1 << 18  # of activations looked at in one step: 1 MiB
LEAST = 1 << 10  # values of a layer: enough for its mean and deviation, to 3 %
ROWS = 32  # values of a unit: in ten looks enough to call it dead or not
MOST = 1 << 14  # values of such a layer, where so many layers allow it


def activation_of(module: nn.Module) -> str | None:
    """`relu`, `sigmoid`, `tanh`, or None for a module that is none of them."""
    kinds = {"relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}
    return next((k for k, types in kinds.items() if isinstance(module, types)), None)


@dataclass(slots=True)
class _Seen:
    """Of what a layer gave a sample was taken; `entered` a layer, not left it."""

    name: str
    kind: str | None
    entered: bool
    rows: int
    units: int


@dataclass(frozen=True, slots=True)
class _Walk:
    """Which of a tensor's values are a sample of it, its units last.

    It walks through the batch and through the places of an example at once, so that
    the second example gives other places than the first. Of a layer of which it is
    asked whether its units are alive (`lively`), it takes more values.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in the tensor
    packed: tuple[int, ...]  # in the sample, where one follows the other
    first: int

    @property
    def rows(self) -> int:
        return math.prod(self.shape[:-1])

    @property
    def units(self) -> int:
        return self.shape[-1]

    @classmethod
    @lru_cache(maxsize=1024)
    def over(
        cls,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        most: int,
        *,
        wide: bool,
        lively: bool,
    ) -> "_Walk":
        axes = list(zip(shape, strides, strict=True))
        if len(axes) > 3 or (wide and len(axes) > 2):
            axes.append(axes.pop(1))
        (examples, stride), *places, (units, unit) = axes
        wanted = max(LEAST, ROWS * units) if lively else LEAST
        wanted = max(1, min(most, wanted) // units)
        rows = min(examples, wanted)
        apart = -(-examples // rows)
        rows = -(-examples // apart)
        first, size, step, line = _joint(places)
        each = min(size, max(1, wanted // rows))  # places of an example
        between = size // each
        turn = min(rows, between)  # examples until the walk begins anew
        shift = (between - 1) // max(turn - 1, 1)
        while shift > 1 and math.gcd(shift, line) > 1:  # not down a single column
            shift -= 1
        sizes = (rows // turn, turn, each, units)
        packed = tuple(math.prod(sizes[axis + 1 :]) for axis in range(4))
        along = apart * stride
        steps = (turn * along, along + shift * step, between * step, unit)
        return cls(sizes, steps, packed, first)


def _joint(places: Sequence[tuple[int, int]]) -> tuple[int, int, int, int]:
    """The places of an example as one axis: its first, size, stride, and line's length.

    Axes that cannot be joined with those behind them are gone through at their middle.
    """
    first, size, step = 0, 1, 0
    for count, stride in reversed(places):
        if size == 1:
            size, step = count, stride
        elif stride == size * step:
            size *= count
        else:
            first += count // 2 * stride
    return first, size, step, places[-1][0] if places else 1


class _Samples:
    """Samples, one after the other in memory that was theirs before the step began.

    Were it made in its midst, each would lie where a layer's output has just been
    freed, and the next output would go to another place, which is in no cache.
    """

    def __init__(self) -> None:
        self._room = 2 * MOST_VALUES
        self._parts: list[Tensor] = []
        self._used = 0  # of the last part

    def begin(self, device: torch.device) -> None:
        """Forget all; make room."""
        self._parts = [torch.empty(self._room, dtype=torch.float32, device=device)]
        self._used = 0

    def add(self, values: Tensor, walk: "_Walk") -> None:
        """Copy the values along a walk."""
        size, part = walk.rows * walk.units, self._parts[-1]
        if self._used + size > len(part):
            self._parts[-1] = part[: self._used]
            room = max(self._room, size)
            part = torch.empty(room, dtype=torch.float32, device=values.device)
            self._parts.append(part)
            self._used = 0
        first = values.storage_offset() + walk.first
        some = values.as_strided(walk.shape, walk.strides, first)
        place = part.as_strided(walk.shape, walk.packed, self._used)
        place.copy_(some, non_blocking=True)
        self._used += size

    def end(self) -> Tensor:
        """All of them."""
        *parts, last = self._parts
        self._parts = []
        samples = joined([*parts, last[: self._used]]) if parts else last[: self._used]
        self._room = len(samples)
        return samples


class LayersLook:
    """A listener at the layers of a model, which comes for a step and goes again.

    It takes a sample and no more; what it tells is worked out for all layers at
    once. An activation called as a function has no module: it is seen at the input of
    the layer behind it, and told under the name of the layer before it.
    """

    def __init__(self, doors: Doors) -> None:
        self.spent = 0.0  # seconds, since it was last asked
        self.clock: Callable[[], float] = thread_time
        self._doors = doors
        self._layers: list[tuple[_Layer, nn.Module]] = []
        self._seen: dict[tuple[str, bool], _Seen] = {}
        self._before: tuple[_Layer, Any] | None = None  # the latest, what it gave
        self._most = MOST  # values of a layer
        self._samples = _Samples()
        self._device = torch.device("cpu")
        self._listeners: dict[int, Left] = {}

    def meet(self, layers: Mapping[str, nn.Module]) -> None:
        """These are the layers now."""
        self._layers = [(_Layer.of(name, m), m) for name, m in layers.items()]
        self._most = min(MOST, MOST_VALUES // max(len(layers), 1))
        self._listeners = {id(m): partial(self._look, ly) for ly, m in self._layers}
        weights = (p for module in layers.values() for p in module.parameters())
        self._device = next((p.device for p in weights), self._device)

    def open(self) -> None:
        """Begin to look."""
        self._seen, self._before = {}, None
        self._samples.begin(self._device)
        self._doors.left = self._listeners
        self._doors.update()

    def close(self) -> "Activations | None":
        """End the look; what was seen."""
        seen = list(self._seen.values())
        self.drop()
        if not seen:
            return None
        return Activations(seen, send(self._samples.end()))

    def drop(self) -> None:
        """End the look, whatever was seen."""
        self._doors.left = {}
        self._doors.update()
        self._seen, self._before = {}, None

    @property
    def latest(self) -> str | None:
        """The layer that was called last."""
        return None if self._before is None else self._before[0].name

    def _look(self, layer: "_Layer", args: Any, output: Any) -> None:
        begun = self.clock()
        self._see(layer, args, output)
        self.spent += self.clock() - begun

    def _see(self, layer: "_Layer", args: Any, output: Any) -> None:
        if (layer.name, False) in self._seen:
            return  # called again in this step: the first time will do
        before = self._before
        if before is not None and layer.weighted and before[0].weighted:
            self._functional(layer, args)
        out = _plain(output)
        if out is not None:
            wide = layer.wide or (
                layer.kind is not None and before is not None and before[0].wide
            )
            self._take(layer, layer.kind, out, wide=wide)
        self._before = (layer, output)

    def _functional(self, layer: "_Layer", args: Any) -> None:
        """What stands between the layer before and this one, where no module does."""
        assert self._before is not None
        before, output = self._before
        entering = args[0] if args else None
        if entering is output or before.embeds or (before.name, True) in self._seen:
            return
        tensor = _plain(entering)
        if tensor is not None:
            self._take(before, None, tensor, wide=layer.wide, entered=True)

    def _take(
        self,
        layer: "_Layer",
        kind: str | None,
        values: Tensor,
        *,
        wide: bool,
        entered: bool = False,
    ) -> None:
        lively = entered or kind is not None
        shape, strides = tuple(values.shape), values.stride()
        walk = _Walk.over(shape, strides, self._most, wide=wide, lively=lively)
        self._samples.add(values, walk)
        seen = _Seen(layer.name, kind, entered, walk.rows, walk.units)
        self._seen[layer.name, entered] = seen


@dataclass(frozen=True, slots=True)
class _Layer:
    """What a look needs to know of a module."""

    name: str
    kind: str | None  # of activation
    weighted: bool
    wide: bool  # it keeps its units in dimension 1, as images have
    embeds: bool

    @classmethod
    def of(cls, name: str, module: nn.Module) -> "_Layer":
        wide = (nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm)
        return cls(
            name=name,
            kind=activation_of(module),
            weighted=any(p is not None for p in module._parameters.values()),
            wide=isinstance(module, wide),
            embeds=isinstance(module, nn.Embedding),
        )


@dataclass(slots=True)
class Activations:
    """What a look saw of the layers, on its way to the host."""

    seen: list[_Seen]
    numbers: OnItsWay

    @property
    def form(self) -> tuple[object, ...]:
        """Looks of one form can be worked out together."""
        return tuple([(s.name, s.kind, s.entered, s.rows, s.units) for s in self.seen])

    @property
    def sizes(self) -> list[int]:
        """How many numbers each sample has."""
        return [seen.rows * seen.units for seen in self.seen]

    @property
    def names(self) -> tuple[str | None, ...]:
        """The layer whose output a segment is; None for what entered one."""
        return tuple(None if s.entered else s.name for s in self.seen)

    @property
    def here(self) -> bool:
        """Whether its numbers have come."""
        return self.numbers.here


def segments(looks: Sequence[Activations]) -> Segments:
    """Samples of one form, a row a look."""
    return Segments.of([look.numbers.array() for look in looks], looks[0].sizes)


class Life:
    """Signs of life of the layers' units, over the looks: which are dead?"""

    def __init__(self) -> None:
        self._silent: dict[str, NDArray[np.int64]] = {}  # looks since a unit was alive
        self._looks: dict[str, int] = {}

    def told(self, looks: Sequence[Activations]) -> Columns:
        """The signals of the activations of looks of one form, by look and layer."""
        said, found, first = Columns(), segments(looks), looks[0]
        left = [place for place, seen in enumerate(first.seen) if not seen.entered]
        names = [first.seen[place].name for place in left]
        with np.errstate(all="ignore"):
            said.add_by_place("activation_mean", names, found.means[:, left])
            said.add_by_place("activation_std", names, found.deviations[:, left])
        ends = np.append(found.starts, found.numbers.shape[1])
        for place, seen in enumerate(first.seen):
            numbers = found.numbers[:, ends[place] : ends[place + 1]]
            units = numbers.reshape(len(looks), seen.rows, seen.units)
            kind = _guess(units) if seen.entered else seen.kind
            if kind is not None:
                self._tell(said, seen.name, kind, units)
        return said

    def _tell(
        self, said: Columns, name: str, kind: str, units: NDArray[np.float64]
    ) -> None:
        """Of units (looks × rows × units)."""
        if kind != "relu":
            low = 0.0 if kind == "sigmoid" else -1.0
            margin = EDGE * (1 - low)
            beyond = (units < low + margin) | (units > 1 - margin)
            said.add(f"saturated_share@{name}", beyond.mean(axis=(1, 2)))
            return
        alive = units != 0
        said.add(f"zero_share@{name}", 1 - alive.mean(axis=(1, 2)))
        dead = [self._dead(name, woken) for woken in alive.any(axis=1)]
        said.add(f"dead_share@{name}", np.array(dead))

    def _dead(self, name: str, woken: NDArray[np.bool_]) -> float:
        silent = self._silent.get(name)
        if silent is None or silent.shape != woken.shape:
            silent = np.zeros(woken.shape, np.int64)
            self._looks[name] = 0
        self._looks[name] += 1
        silent = self._silent[name] = np.where(woken, 0, silent + 1)
        return float((silent >= min(WINDOW, self._looks[name])).mean())


def _guess(units: NDArray[np.float64]) -> str | None:
    """Which activation, called as a function, such values come from.

    Where it is saturated it gives its ends themselves, for want of digits.
    """
    low, high = float(units.min()), float(units.max())
    if low == 0.0 and high > 0:
        return "relu"
    if low > 0 and high <= 1:
        whole = np.allclose(units.sum(-1), 1.0, atol=1e-3)  # a softmax
        return None if whole else "sigmoid"
    return "tanh" if -1 <= low < -0.9 and 0.9 < high <= 1 else None


def _plain(value: Any) -> Tensor | None:
    """The first floating-point tensor with a batch and units, or None."""
    if isinstance(value, (tuple, list)) and value:
        value = value[0]
    usable = (
        usual(value)
        and value.is_floating_point()
        and value.ndim > 1
        and value.numel() > 0
    )
    return local(value.detach()) if usable else None
