"""Processes that load the batches of a training."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import IterableDataset

AHEAD = 2  # batches that each process loads ahead, as PyTorch has it by default


def loading(original: Any, workers: int, tell: Callable[[], None]) -> Any:
    """A loader's `__iter__`, which loads in processes where it trains without any.

    A stream would come from each of them anew: it stays. They are forks, so that a
    script needs no guard around what it does.
    """

    def iterate(loader: Any) -> Any:
        alone = loader.num_workers == 0 and torch.is_grad_enabled()
        if alone and forks() and not isinstance(loader.dataset, IterableDataset):
            loader.num_workers = workers
            loader.prefetch_factor = loader.prefetch_factor or AHEAD
            loader.multiprocessing_context = "fork"
            tell()
        return original(loader)

    return iterate


def forks() -> bool:
    """Whether processes can be forks here: not once a GPU was used, nor in one."""
    daemon = multiprocessing.current_process().daemon
    known = "fork" in multiprocessing.get_all_start_methods()
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return known and not daemon and not used
