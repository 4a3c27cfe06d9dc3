"""The order of what a DataLoader gives."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler


def shuffling(original: Any, tell: Callable[[], None]) -> Any:
    """A loader's `__iter__`, which shuffles where the script trains in a fixed order.

    What is iterated with gradients off is no training.
    """

    def iterate(loader: Any) -> Any:
        batches = loader.batch_sampler
        in_order = isinstance(batches, BatchSampler) and isinstance(
            batches.sampler, SequentialSampler
        )
        if in_order and torch.is_grad_enabled():
            batches.sampler = RandomSampler(loader.dataset)
            tell()
        return original(loader)

    return iterate
