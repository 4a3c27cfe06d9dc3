"""An average of the weights, which is evaluated in their stead."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.core.training import AverageKind

Optimizer = torch.optim.Optimizer


@dataclass(slots=True)
class _Averaged:
    """A model, its own numbers, and their average."""

    model: nn.Module
    live: list[Tensor]
    kept: list[Tensor] = field(default_factory=list)
    own: list[Tensor] = field(default_factory=list)  # while the average is in place
    count: int = 0  # that are in it
    training: bool = True  # the mode of the latest pass with gradients


class Averages:
    """Averages of all that is trained, and of the statistics of norms with it.

    They are in place while a model is called with gradients off or, of one that is
    trained in `train()` mode, in `eval()`; what trains is what trained without them.
    """

    def __init__(self, kind: AverageKind, decay: float, start: int) -> None:
        self._kind, self._decay, self._start = kind, decay, start
        self._averaged: list[_Averaged] = []
        self._handles: list[Any] = []
        self._steps = 0

    @property
    def used(self) -> bool:
        """Whether anything was averaged."""
        return any(one.count > 0 for one in self._averaged)

    def meet(self, model: nn.Module) -> int:
        """A model is about to be called for the first time."""
        weights = [p for p in model.parameters() if p.requires_grad]
        norms = [b for b in model.buffers() if b.is_floating_point()]
        one = _Averaged(model, [*weights, *norms])
        self._averaged.append(one)

        def enter(*_: Any) -> None:
            self._enter(one)

        for called in _wrapped(model):
            self._handles.append(called.register_forward_pre_hook(enter))
        return 1

    def _enter(self, one: _Averaged) -> None:
        if torch.compiler.is_compiling():
            return
        evaluating = not torch.is_grad_enabled()
        if not evaluating and one.count and not one.model.training:
            evaluating = one.training  # it is not trained in this mode
        elif not evaluating:
            one.training = one.model.training
        if not evaluating:
            _put_back(one)
        elif one.count and not one.own:
            one.own = [tensor.detach().clone() for tensor in one.live]
            _copy(one.kept, one.live)

    def holds(self, optimizer: Optimizer) -> bool:
        """Never: but what is stepped is the model's own."""
        for one in self._averaged:
            _put_back(one)
        return False

    def taken(self, optimizer: Optimizer) -> None:
        """A step was taken: take its weights in."""
        stepped = {id(p) for group in optimizer.param_groups for p in group["params"]}
        for one in self._averaged:
            if id(one.live[0]) in stepped:  # of several optimizers, one counts
                self._steps += one is self._averaged[0]
                if self._steps > self._start:
                    self._take(one)

    @torch.no_grad()
    def _take(self, one: _Averaged) -> None:
        if not one.kept:
            one.kept = [tensor.detach().clone() for tensor in one.live]
        weight = 1 / (one.count + 1)
        if self._kind == "ema" and one.count:  # early ones would be of the start
            weight = 1 - min(self._decay, (1 + one.count) / (10 + one.count))
        torch._foreach_lerp_(one.kept, [t.detach() for t in one.live], weight)
        one.count += 1

    def close(self) -> None:
        """Average no more; what is evaluated at last stays."""
        while self._handles:
            self._handles.pop().remove()


def _wrapped(model: nn.Module) -> Iterator[nn.Module]:
    """The model, and what it wraps: for several devices, say, or as compiled."""
    yield model
    children = [*model.children()]
    if len(children) == 1 and not [*model.parameters(recurse=False)]:
        yield from _wrapped(children[0])


def _put_back(one: _Averaged) -> None:
    if one.own:
        _copy(one.own, one.live)
        one.own = []


def _copy(values: list[Tensor], places: list[Tensor]) -> None:
    """By `data`: a graph that is held of them is not told."""
    for place, value in zip(places, values, strict=True):
        place.data.copy_(value)
