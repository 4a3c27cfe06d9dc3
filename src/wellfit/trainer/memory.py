"""Memory: batches in parts, running out of it, activations that are recomputed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch  # noqa: TID253
from torch import nn  # noqa: TID253
from torch.utils.checkpoint import checkpoint  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.trainer.feed import Batch

# What PyTorch says where it has no exception of its own for it.
SIGNS = ("can't allocate memory", "out of memory", "not enough memory")


def split(batch: Batch, size: int) -> Iterator[Batch]:
    """The rows of a batch in as few parts of at most `size` as it takes, evenly."""
    rows = len(batch[-1])
    if rows <= size:
        yield batch
        return
    parts = -(-rows // size)
    yield from zip(*(t.tensor_split(parts) for t in batch), strict=True)


def out_of_memory(error: BaseException) -> bool:
    """Whether this was raised for want of memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in said for sign in SIGNS)


def halved(size: int, network: nn.Module) -> int:
    """Half as many rows at once; `BadSetting` where they cannot be halved any more."""
    if size < (4 if _normalised(network) else 2):  # batch normalisation needs two rows
        raise BadSetting(
            f"{size} rows at once are too many for the memory, and fewer cannot be: "
            "take a smaller network, bfloat16, recompute_activations, or more memory"
        )
    return -(-size // 2)


def in_parts(why: str, size: int, batch_size: int, network: nn.Module) -> str:
    """What is to be said where a batch goes through in parts of so many rows."""
    said = (
        f"{why}: {size} rows at once from here on, gradients accumulated; "
        f"a step is still on {batch_size} rows"
    )
    seen = f", but batch normalisation sees {size}"
    return said + seen if _normalised(network) else said


def _normalised(network: nn.Module) -> bool:
    kinds = nn.modules.batchnorm._BatchNorm
    return any(isinstance(module, kinds) for module in network.modules())


@contextmanager
def recomputing(network: nn.Module) -> Iterator[None]:
    """The blocks of a network forget their activations, and compute them again.

    Chen et al. (2016), Training deep nets with sublinear memory cost. A block is a
    member of a stack (`Sequential`, `ModuleList`) that has layers of its own.
    """
    blocks = _blocks(network)
    if not blocks:
        raise BadSetting(
            "recompute_activations needs a stack of blocks (Sequential or ModuleList, "
            f"of modules with layers of their own); {type(network).__name__} has none"
        )
    for block in blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    try:
        yield
    finally:
        for block in blocks:
            del block.forward


def _blocks(network: nn.Module) -> list[nn.Module]:
    """The outermost ones: a block within a block is computed again with it."""
    if isinstance(network, nn.Sequential | nn.ModuleList):
        own = [child for child in network if next(child.children(), None) is not None]
        if own:
            return own
    return [block for child in network.children() for block in _blocks(child)]
