"""Activations that are computed again on the way back, rather than kept."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

LEAST = 4  # modules of a `Sequential`, in which it pays


def checkpoint_activations(model: nn.Module) -> int:
    """Keep only what enters each block; how many blocks there are.

    Of the `ModuleList` or `Sequential` with the most weights: its items, or stretches
    of about the root of its length.
    """
    known = [m for m in model.modules() if _is_list(m)]
    largest = max(known, key=_weights, default=None)  # the outermost of equals
    if largest is None:
        return 0
    blocks = list(largest.children())
    if isinstance(largest, nn.Sequential):
        vars(largest)["forward"] = partial(_in_stretches, largest)
        return math.isqrt(len(blocks))
    for block in blocks:
        vars(block)["forward"] = partial(_again, type(block).forward, block)
    return len(blocks)


def _is_list(module: nn.Module) -> bool:
    """Whether its blocks are known; a `forward` of somebody's may do anything."""
    blocks = list(module.children())
    if isinstance(module, nn.Sequential):
        plain = type(module).forward is nn.Sequential.forward
        return plain and "forward" not in vars(module) and len(blocks) >= LEAST
    if not isinstance(module, nn.ModuleList) or len(blocks) < 2:
        return False
    made = all(next(block.children(), None) is not None for block in blocks)
    return made and not any("forward" in vars(block) for block in blocks)


def _weights(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _in_stretches(whole: nn.Sequential, given: Any) -> Any:
    """A pass through a `Sequential`: Chen et al. (2016), section 4."""
    modules = list(whole)
    long = -(-len(modules) // math.isqrt(len(modules)))
    for start in range(0, len(modules), long):
        part = modules[start : start + long]
        given = _kept(whole, partial(_through, part), given)
    return given


def _through(part: list[nn.Module], given: Any) -> Any:
    for module in part:
        given = module(given)
    return given


def _again(forward: Any, block: nn.Module, *args: Any, **options: Any) -> Any:
    return _kept(block, partial(forward, block), *args, **options)


def _kept(block: nn.Module, function: Any, *args: Any, **options: Any) -> Any:
    """What a function gives, of whose work nothing is kept for the way back."""
    if not (block.training and torch.is_grad_enabled()):
        return function(*args, **options)
    contexts = partial(_contexts, block)
    return checkpoint(
        function, *args, use_reentrant=False, context_fn=contexts, **options
    )


def _contexts(
    block: nn.Module,
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _once(block)


@contextmanager
def _once(block: nn.Module) -> Iterator[None]:
    """Statistics of batches are counted the first time, and not again."""
    norms = [m for m in block.modules() if isinstance(m, _BatchNorm)]
    own = [(m, m.momentum, _copied(m.num_batches_tracked)) for m in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum, batches in own:
            norm.momentum = momentum
            if batches is not None and norm.num_batches_tracked is not None:
                norm.num_batches_tracked.copy_(batches)


def _copied(count: Tensor | None) -> Tensor | None:
    return None if count is None else count.clone()
