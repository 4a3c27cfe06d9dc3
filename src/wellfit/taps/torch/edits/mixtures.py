"""Rows of a batch, mixed with each other; the loss is then that of both targets."""

import random

import torch
from torch import Tensor

from wellfit.core.training import Mixing
from wellfit.taps.torch.edits.inputs import Door
from wellfit.taps.torch.edits.objectives import Loss
from wellfit.taps.torch.edits.streams import Stream


class Mixture(Door):
    """Mixes what enters to be trained on, and the loss of what comes out.

    It begins once it has seen that what enters comes to a loss with a target a row, and
    pauses where as many rows enter again before that: whose the loss is, is not known.
    """

    def __init__(self, kind: Mixing, alpha: float) -> None:
        self.kind, self.alpha = kind, alpha
        self._stream = Stream(f"mix-inputs {kind}")
        self._size = 0  # rows that entered last
        self._entries = 0  # of so many rows, before a loss
        self._ready = False
        self._mixed: tuple[Tensor, float] | None = None  # the others, the own share

    def of(self, inputs: Tensor, *, training: bool) -> Tensor:
        """The inputs, each mixed with another of the batch."""
        if not training:
            if torch.is_grad_enabled():  # the loss that follows is of an evaluation
                self._mixed, self._size = None, 0
            return inputs
        if self.kind == "cutmix" and inputs.ndim != 4:
            return inputs
        self._entries = self._entries + 1 if self._size == len(inputs) else 1
        self._ready &= self._entries == 1
        self._size, self._mixed = len(inputs), None
        if not self._ready:
            return inputs
        generator = self._stream.next(inputs.device)
        count, device = len(inputs), inputs.device
        order = torch.randperm(count, generator=generator, device=device)
        draws = random.Random(generator.initial_seed())
        share = draws.betavariate(self.alpha, self.alpha)
        if self.kind == "mixup":
            found = share * inputs + (1 - share) * inputs[order]
        else:
            found, share = _pasted(inputs, inputs[order], share, draws)
        self._mixed = order, share
        return found

    def loss(self, loss: Loss) -> Tensor | None:
        """The mixture of the losses of both targets; None where nothing was mixed."""
        targets = loss.targets
        if not targets.ndim or len(targets) != self._size:
            return None
        if self._entries:  # it is the first loss of what entered
            self._ready = self._entries == 1
            self.used |= self._ready
            self._entries = 0
        if self._mixed is None:
            return None
        order, share = self._mixed
        own = loss.value()  # first: it is what a watcher takes for the rows' loss
        others = loss.value(targets=targets[order.to(targets.device)])
        return share * own + (1 - share) * others


def _pasted(
    images: Tensor, others: Tensor, share: float, draws: random.Random
) -> tuple[Tensor, float]:
    """A rectangle is of the other: Yun et al. (2019), section 3.2; the share left."""
    inside, place = 1.0, []
    for side in images.shape[2:]:
        middle, long = draws.randrange(side), round(side * (1 - share) ** 0.5)
        start, end = max(0, middle - long // 2), min(side, middle + (long + 1) // 2)
        place.append(slice(start, end))
        inside *= (end - start) / side
    found, (rows, columns) = images.clone(), place
    found[..., rows, columns] = others[..., rows, columns]
    return found, 1 - inside
