"""Ways around blocks of a model: what enters a block is added to what leaves it."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise, takewhile
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from wellfit.taps.torch.edits.dropouts import BETWEEN, LAYERS
from wellfit.taps.torch.edits.models import CONVOLUTIONS, NORMS

SAME = (*BETWEEN, *NORMS, _DropoutNd)  # what gives the shape that it is given


def add_skips(model: nn.Module) -> int:
    """Add the input of each block that can be skipped to its output."""
    blocks = list(_blocks(model))
    for first, last in blocks:
        skip = Skip()
        first.register_forward_pre_hook(partial(_entered, skip))
        last.register_forward_hook(partial(_left, skip))
    return len(blocks)


def _blocks(model: nn.Module) -> Iterator[tuple[nn.Module, nn.Module]]:
    """The first and the last module of each.

    In a `Sequential`, a dense or convolutional layer that keeps the shape, and what
    of activations, norms and dropout follows it; in a `ModuleList`, such a layer alone.
    Not the last layer of all.
    """
    layers = [m for m in model.modules() if isinstance(m, LAYERS)]
    for parent in model.modules():
        if isinstance(parent, nn.Sequential):
            children = list(parent)
            starts = [i for i, m in enumerate(children) if isinstance(m, LAYERS)]
            for start, end in pairwise([*starts, len(children)]):
                if _keeps(children[start]) and children[start] is not layers[-1]:
                    yield children[start], _end(children[start:end])
        elif isinstance(parent, nn.ModuleList):
            for child in parent:
                if _keeps(child) and child is not layers[-1]:
                    yield child, child


def _end(block: list[nn.Module]) -> nn.Module:
    """Its last module before one that may change the shape."""
    following = takewhile(lambda module: isinstance(module, SAME), block[1:])
    return [block[0], *following][-1]


def _keeps(layer: nn.Module) -> bool:
    """Whether it gives what it is given, in shape."""
    if isinstance(layer, nn.Linear):
        return layer.in_features == layer.out_features
    if not isinstance(layer, CONVOLUTIONS):
        return False
    if layer.in_channels != layer.out_channels or {*layer.stride} != {1}:
        return False
    if isinstance(layer.padding, str):
        return layer.padding == "same"
    sizes = zip(layer.kernel_size, layer.dilation, layer.padding, strict=True)
    return all(dilation * (size - 1) == 2 * pad for size, dilation, pad in sizes)


class Skip:
    """A way around a block: He et al. (2016), Deep residual learning, equation 1."""

    def __init__(self) -> None:
        self.given: Any = None


def _entered(skip: Skip, module: nn.Module, args: tuple[Any, ...]) -> None:
    skip.given = args[0] if args else None


def _left(skip: Skip, module: nn.Module, args: Any, outputs: Any) -> Any:
    given, skip.given = skip.given, None
    both = isinstance(given, Tensor) and isinstance(outputs, Tensor)
    return outputs + given if both and given.shape == outputs.shape else outputs
