"""Rows in variations that do not change their label, at the door of a model."""

import torch
from torch import Tensor

from wellfit.core.training import Variation
from wellfit.taps.torch.edits.inputs import Door
from wellfit.taps.torch.edits.models import Scale, along
from wellfit.taps.torch.edits.streams import Stream


class Varied(Door):
    """Each row that is trained on is varied, by numbers of its own."""

    def __init__(self, kind: Variation, amount: float) -> None:
        self.kind, self.amount = kind, amount
        self._stream = Stream(f"augment-inputs {kind}")
        self._scale = Scale()

    def of(self, inputs: Tensor, *, training: bool) -> Tensor:
        """The inputs, varied; of kinds for images, nothing else is."""
        if not training or (self.kind != "noise" and inputs.ndim != 4):
            return inputs
        self.used = True
        generator = self._stream.next(inputs.device)
        if self.kind == "noise":
            return self._noisy(inputs, generator)
        if self.kind == "flips":
            return flipped(inputs, generator)
        if self.kind == "shifts":
            return shifted(inputs, self.amount, generator)
        return cropped(inputs, self.amount, generator)

    def _noisy(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        self._scale.see(inputs)
        spread = self._scale.spread
        if spread is None:
            return inputs
        noise = _like(inputs).normal_(generator=generator)
        return inputs + self.amount * along(inputs, spread) * noise


def _like(inputs: Tensor, *shape: int) -> Tensor:
    return inputs.new_empty(shape or inputs.shape, requires_grad=False)


def flipped(images: Tensor, generator: torch.Generator) -> Tensor:
    """Left is right, in one of two."""
    chosen = _like(images, len(images), 1, 1, 1).uniform_(generator=generator) < 0.5
    return torch.where(chosen, images.flip(3), images)


def shifted(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Moved by up to that share of the sides; what comes in is mirrored."""
    count, _, *sides = images.shape
    drawn = _like(images, 2, count, 1).uniform_(-1, 1, generator=generator)
    places = [
        _mirrored(
            torch.arange(side, device=images.device) + (way * most * side).round(), side
        )
        for side, way in zip(sides, drawn, strict=True)
    ]
    down, across = places[0][:, None, :, None], places[1][:, None, None, :]
    rows = torch.arange(count, device=images.device)[:, None, None, None]
    channels = torch.arange(images.shape[1], device=images.device)[:, None, None]
    return images[rows, channels, down, across]


def _mirrored(places: Tensor, side: int) -> Tensor:
    """Places beyond an edge, reflected at it."""
    period = max(1, 2 * (side - 1))
    inside = places.long().remainder(period)
    return torch.minimum(inside, period - inside)


def cropped(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """A part of each, the sides up to that share smaller, made as large as it was."""
    drawn = _like(images, 3, len(images)).uniform_(generator=generator).float()
    size = 1 - most * drawn[0]
    right, down = ((2 * way - 1) * (1 - size) for way in drawn[1:])
    zero = torch.zeros_like(size)
    turn = torch.stack([size, zero, right, zero, size, down], 1).view(-1, 2, 3)
    functional = torch.nn.functional
    grid = functional.affine_grid(turn, list(images.shape), align_corners=False)
    return functional.grid_sample(
        images, grid.to(images), padding_mode="border", align_corners=False
    )
