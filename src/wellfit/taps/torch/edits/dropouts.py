"""Dropout, in a model that has none."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from wellfit.taps.torch.edits.models import CONVOLUTIONS, CUTTING, SQUASHING
from wellfit.taps.torch.edits.streams import Stream

LAYERS = (nn.Linear, *CONVOLUTIONS)
BETWEEN = (
    *SQUASHING,
    *CUTTING,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.SELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Softplus,
    nn.Hardswish,
)


def add_dropout(model: nn.Module, share: float) -> int:
    """Drop a share of what comes from activations between layers.

    Where these are functions, of what comes to dense layers but the first.
    """
    modules = list(model.modules())
    if any(_drops(m) for m in modules):
        return 0
    places = [i for i, m in enumerate(modules) if isinstance(m, LAYERS)]
    if len(places) < 2:
        return 0
    dropping = Dropping(share, Stream("dropout"))
    found = [m for m in modules[places[0] : places[-1]] if isinstance(m, BETWEEN)]
    for one in found:
        one.register_forward_hook(partial(_after, dropping))
    if found:
        return len(found)
    dense = [modules[i] for i in places[1:] if isinstance(modules[i], nn.Linear)]
    for layer in dense:
        layer.register_forward_pre_hook(partial(_before, dropping))
    return len(dense)


def _drops(module: nn.Module) -> bool:
    if isinstance(module, _DropoutNd):
        return module.p > 0
    share = getattr(module, "dropout", 0.0)  # of recurrent layers, and of attention
    return isinstance(share, float) and share > 0


class Dropping:
    """Dropout by numbers of its own."""

    def __init__(self, share: float, stream: Stream) -> None:
        self.share, self.stream = share, stream

    def of(self, values: Any, *, training: bool) -> Any:
        """What is left of the values: Srivastava et al. (2014)."""
        if not (training and isinstance(values, Tensor) and torch.is_grad_enabled()):
            return values
        if not values.is_floating_point():
            return values
        generator = self.stream.next(values.device)
        kept = torch.empty_like(values, requires_grad=False).bernoulli_(
            1 - self.share, generator=generator
        )
        return values * kept / (1 - self.share)


def _after(dropping: Dropping, module: nn.Module, args: Any, outputs: Any) -> Any:
    return dropping.of(outputs, training=module.training)


def _before(dropping: Dropping, module: nn.Module, args: tuple[Any, ...]) -> Any:
    first = (dropping.of(one, training=module.training) for one in args[:1])
    return (*first, *args[1:])
