"""What enters the models: the batch at hand, its scale, and where it was loaded."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wellfit.taps.torch.calm import Calm
from wellfit.taps.torch.doors import Doors, usual
from wellfit.taps.torch.numbers import Floats, Later, flat, send
from wellfit.taps.torch.sources import Origin

MOST_VALUES = 1 << 12  # of a batch looked at in one step


@dataclass(frozen=True, slots=True)
class Entered:
    """What entered a model last: the batch, and the data set it was loaded from."""

    batch: Tensor | None = None
    loaded: object | None = None

    @property
    def rows(self) -> int:
        """The size of the batch; 0 where none is known."""
        return len(self.batch) if self.batch is not None and self.batch.ndim else 0

    def origin(self) -> Origin | None:
        """The data set, or else the part of a tensor that the batch is, or itself."""
        if self.loaded is not None:
            return Origin(self.loaded)
        batch = self.batch
        if batch is None or batch._base is None:
            return None if batch is None else Origin(batch)
        shape = zip(batch.shape, batch.stride(), strict=True)
        first = int(batch.storage_offset())
        reach = sum(int((size - 1) * stride) for size, stride in shape if size)
        return Origin(batch._base, first, first + reach)


class Inputs:
    """The latest batch at a model's door, and the scale of what was seen there.

    The batch is in `calm`, which forgets it where nobody else would.
    """

    def __init__(self, calm: Calm, doors: Doors) -> None:
        self._doors = doors
        self._attending = False
        self._calm = calm  # which has its data set too, where it was loaded
        self._roots: list[nn.Module] = []
        self.first_layer: str | None = None
        self._example: Tensor | None = None
        self._rows = 0
        self._range = [float("inf"), float("-inf")]
        self._sums = [0.0, 0.0, 0.0]  # of looks: means, variances + means², non-finite
        self._looks = 0
        self.evaluated: Callable[[Tensor], None] | None = None  # told of each batch
        self.several = False  # tensors enter together: the first is not all of a row
        self._passes = 0  # into the models, to train them
        self._entries = 0  # and not to train them
        self._repeats = 0  # of them, with the batch before

    def meet(self, root: nn.Module) -> None:
        """Note, from now on, what enters this model."""
        self._roots.append(root)
        self.attend(False)
        self.attend(True)

    def attend(self, wanted: bool) -> None:
        """Stand at the models' doors, or leave them: it costs at every call."""
        if wanted == self._attending:
            return
        self._attending = wanted
        keys = {id(root) for root in self._roots}
        others = {k: v for k, v in self._doors.entered.items() if k not in keys}
        mine = dict.fromkeys(keys, self._enter) if wanted else {}
        self._doors.entered = others | mine
        self._doors.update()

    def glance(self) -> None:
        """Note what enters the models next: an evaluation may come."""
        if self._doors.pinned:
            self.attend(True)
        elif not self._attending:
            self._doors.glance.take({id(root) for root in self._roots}, self._glimpsed)

    def _glimpsed(self, args: Any, kwargs: Any) -> None:
        self._enter(args, kwargs)
        if not torch.is_grad_enabled() or not all(r.training for r in self._roots):
            self.attend(True)  # an evaluation, and others may follow

    def used(self) -> bool:
        """The batch at hand was trained on; says whether it had been loaded."""
        calm = self._calm
        loaded, calm.data, calm.batch = calm.data, None, None
        return loaded is not None

    def close(self) -> None:
        """Leave the doors, and forget the models."""
        self.attend(False)
        self._doors.glance.end()
        self._roots.clear()
        self._calm.batch = self._calm.data = None

    def _enter(self, args: Any, kwargs: Any) -> None:
        first = args[0] if args else None
        if first is None or not usual(first) or first.requires_grad:
            first = next(_tensors((args, kwargs)), None)
        evaluating = not torch.is_grad_enabled()
        for root in self._roots:  # no generator: it would cost at every step
            evaluating = evaluating or not root.training
        if evaluating:
            self._entries += 1
            self._repeats += first is not None and first is self._calm.batch
            if first is not None and self.evaluated is not None:
                self.evaluated(first)
        else:
            self._passes += 1
            if len(args) + len(kwargs) > 1 and not self.several:
                self.several = len(list(_tensors((args, kwargs)))) > 1
        self._calm.batch = first

    def entered(self) -> Entered:
        """The batch at hand."""
        return Entered(self._calm.batch, self._calm.data)

    def passes(self) -> int:
        """How often the models were entered to train them, since it was asked last."""
        passes, self._passes = self._passes, 0
        return passes

    def came(self) -> tuple[int, int]:
        """How often the models were entered, but to train them, since this was asked
        last; and how often with the very batch of the time before.
        """
        came, self._entries, self._repeats = (self._entries, self._repeats), 0, 0
        return came

    def look(self, batch: Tensor) -> Later | None:
        """The `input_*` signals of a batch."""
        if not batch.is_floating_point() or batch.is_nested or not batch.numel():
            return None
        self._example = batch[:0].detach()
        self._rows += len(batch)
        some = flat(batch)[:: -(-batch.numel() // MOST_VALUES)]
        return Later((send(some.clone()),), self._tell)

    def _tell(self, numbers: Floats) -> dict[str, float]:
        finite, total = numbers, float(numbers.sum())
        if not math.isfinite(total):
            finite = numbers[np.isfinite(numbers)]
            total = float(finite.sum())
        missing = 1 - len(finite) / len(numbers)
        self._sums[2] += missing
        self._looks += 1
        found = {"input_nonfinite": missing}
        if len(finite):
            mean = total / len(finite)
            square = float(np.add.reduce(finite * finite)) / len(finite)
            deviation = max(square - mean**2, 0.0) ** 0.5
            if deviation < 1e-3 * abs(mean):  # what cancels is lost
                deviation = float(finite.std())
            low, high = float(finite.min()), float(finite.max())
            found |= {"input_mean": mean, "input_std": deviation}
            found |= {"input_min": low, "input_max": high}
            self._range = [min(self._range[0], low), max(self._range[1], high)]
            self._sums[0] += mean
            self._sums[1] += square
        return found

    def fact(self) -> dict[str, Any] | None:
        """The fact `inputs`, as far as it is known by now."""
        if self._example is None:
            return None
        looks = max(self._looks, 1)
        mean, square = self._sums[0] / looks, self._sums[1] / looks
        return {
            "shape": list(self._example.shape[1:]),
            "dtype": str(self._example.dtype).removeprefix("torch."),
            "rows": self._rows,
            "mean": mean,
            "std": max(square - mean**2, 0.0) ** 0.5,
            "min": self._range[0],
            "max": self._range[1],
            "nonfinite": self._sums[2] / looks,
            "first_layer": self.first_layer,
        }


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors of nested arguments, in order, those that are no parameters' work."""
    if isinstance(value, Tensor):
        if usual(value) and not value.requires_grad:
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
