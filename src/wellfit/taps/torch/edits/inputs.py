"""What enters a model, changed at its door: gaps are filled, outliers limited."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.edits.models import FITTED, along, by_column

KEPT = 1 << 17  # values of training that medians and quantiles are taken of


class Door(ABC):
    """Changes what a model is called with first, if these are numbers.

    It holds nothing of the tap: it is copied and saved with the model.
    """

    used = False  # whether there was something that it could change

    @abstractmethod
    def of(self, inputs: Tensor, *, training: bool) -> Tensor:
        """What enters instead."""


def doors(make: Callable[[], Door]) -> "tuple[Callable[[nn.Module], int], list[Door]]":
    """An edit that gives each model a door, and those that it gave."""
    made: list[Door] = []

    def edit(model: nn.Module) -> int:
        door = make()
        made.append(door)
        model.register_forward_pre_hook(partial(_entered, door))
        return 1

    return edit, made


def _entered(door: Door, model: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is no batch of numbers passes, and what another model has made."""
    if not args or not isinstance(args[0], Tensor):
        return args
    inputs = args[0]
    if inputs.ndim < 2 or not inputs.is_floating_point() or inputs.requires_grad:
        return args
    if not inputs.numel():
        return args
    training = model.training and torch.is_grad_enabled()
    return (door.of(inputs, training=training), *args[1:])


class Sample:
    """Some rows of the first batches that were trained on, for what they are sorted."""

    def __init__(self) -> None:
        self.batches = 0
        self._rows: list[Tensor] = []
        self._kept = 0

    def see(self, inputs: Tensor) -> bool:
        """A batch is trained on; whether it is time to sort again: ever more seldom."""
        if self.batches == FITTED or self._kept >= KEPT:
            return False
        rows = by_column(inputs)
        rows = rows[:: -(-rows.numel() // max(KEPT // FITTED, rows.shape[1]))]
        self._rows.append(rows.float())
        self.batches += 1
        self._kept += rows.numel()
        full = self.batches == FITTED or self._kept >= KEPT
        return full or self.batches & (self.batches - 1) == 0

    def quantile(self, share: float) -> Tensor:
        """Of each column, of what is a number; NaN where nothing is."""
        rows = torch.cat(self._rows)
        finite = rows.masked_fill(~rows.isfinite(), torch.nan)
        return finite.nanquantile(share, dim=0)


class Filled(Door):
    """What is no finite number becomes the median of its column."""

    def __init__(self) -> None:
        self._sample = Sample()
        self._median: Tensor | None = None

    def of(self, inputs: Tensor, *, training: bool) -> Tensor:
        """The inputs, filled."""
        self.used = True
        if training and self._sample.see(inputs):
            self._median = self._sample.quantile(0.5).nan_to_num(0.0)
        if self._median is None:
            return inputs
        median = along(inputs, self._median)
        return torch.where(inputs.isfinite(), inputs, median)


class Limited(Door):
    """Each column is limited to where nearly all of it lies in training.

    By its quantiles: a limit of so many deviations would be moved by the outliers. A
    column that is the same in so many rows, such as a rare mark, stays.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self._sample = Sample()
        self._range: tuple[Tensor, Tensor] | None = None

    def of(self, inputs: Tensor, *, training: bool) -> Tensor:
        """The inputs, limited."""
        self.used = True
        if training and self._sample.see(inputs):
            ends = self.share, 1 - self.share
            low, high = (self._sample.quantile(end) for end in ends)
            some = low < high
            self._range = low.where(some, -torch.inf), high.where(some, torch.inf)
        if self._range is None:
            return inputs
        low, high = (along(inputs, end) for end in self._range)
        return inputs.clamp(low, high)
