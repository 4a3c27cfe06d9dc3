"""Several ranks that train together: which this one is, and how long it computes.

DDP and FSDP wait for the other ranks within `backward`, and a batch is waited for
before it is there: so from the one's arrival to the beginning of the other a rank
computes by itself. A rank that needs longer than the others holds all of them up.
"""

import os
from time import perf_counter
from typing import Any

import torch.distributed as dist
from torch import Tensor
from torch.distributed import distributed_c10d
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data.dataloader import _BaseDataLoaderIter

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave, step_of


class RanksTap:
    """Records the fact `ranks` and, of each step, `compute_time`.

    Until a process group of several ranks is made it watches for that alone, which
    costs nothing.
    """

    framework = "torch"
    step = 0  # of the training; PyTorch's own tap counts them

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._handle: Any = None
        self._since = 0.0
        self._spent = 0.0
        self._seen = 0  # steps

    def attach(self) -> None:
        """Begin to watch."""
        for owner in (dist, distributed_c10d):
            self._patches.replace(owner, "init_process_group", self._group_patch)
        self._guard.on = True
        enter(self)
        self._guard(self._begin)()

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in PyTorch."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def finish(self) -> None:
        """Detach."""
        self.detach()

    def _begin(self) -> None:
        """Watch the steps, if there are several ranks."""
        started = dist.is_available() and dist.is_initialized()
        if self._handle is not None or not started or dist.get_world_size() < 2:
            return
        fact = {
            "rank": dist.get_rank(),
            "count": dist.get_world_size(),
            "backend": dist.get_backend(),
            "node": int(os.environ.get("GROUP_RANK", "0")),
        }
        self.records.fact("ranks", fact)
        self._since = perf_counter()
        self._patches.replace(Tensor, "backward", self._backward_patch)
        self._patches.replace(_BaseDataLoaderIter, "__next__", self._batch_patch)
        self._handle = register_optimizer_step_post_hook(self._guard(self._stepped))

    def _group_patch(self, original: Any) -> Any:
        begin = self._guard(self._begin)

        def init_process_group(*args: Any, **kwargs: Any) -> Any:
            made = original(*args, **kwargs)
            begin()
            return made

        return init_process_group

    def _batch_patch(self, original: Any) -> Any:
        def following(batches: Any) -> Any:
            batch = original(batches)
            self._since = perf_counter()
            return batch

        return following

    def _backward_patch(self, original: Any) -> Any:
        def backward(*args: Any, **kwargs: Any) -> Any:
            self._spent += perf_counter() - self._since
            result = original(*args, **kwargs)
            self._since = perf_counter()
            return result

        return backward

    def _stepped(self, *_: Any) -> None:
        done = step_of(self.records)  # counted by PyTorch's tap, attached before
        if done > self._seen:
            self.records.value("train/compute_time", done - 1, self._spent)
            self._seen, self._spent = done, 0.0
        self._since = perf_counter()
