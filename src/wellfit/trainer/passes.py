"""How rows go through a network: where, in which numbers, and with what result."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from wellfit.trainer.feed import Batch
from wellfit.trainer.memory import out_of_memory, recomputing, split
from wellfit.trainer.precision import autocasting
from wellfit.trainer.settings import Settings, Task


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pass:
    """`moved` puts rows where the network is; `forward`, within `precision`, is it."""

    forward: Callable[..., Tensor]
    precision: Callable[[], AbstractContextManager[object]]
    moved: Callable[[Batch], Batch]


@contextmanager
def passing(task: Task, how: Settings) -> Iterator[Pass]:
    """How rows go through the network, while it is trained."""
    device = torch.device(how.device)
    again = recomputing(task.network) if how.recompute_activations else nullcontext()
    with again:
        yield Pass(
            forward=torch.compile(task.network) if how.compile else task.network,
            precision=autocasting(how.precision, device),
            moved=_mover(device, channels_last=how.channels_last),
        )


def _mover(device: torch.device, *, channels_last: bool) -> Callable[[Batch], Batch]:
    if device.type == "cpu" and not channels_last:
        return lambda batch: batch

    def moved(tensor: Tensor) -> Tensor:
        images = channels_last and tensor.ndim == 4 and tensor.is_floating_point()
        layout = torch.channels_last if images else torch.preserve_format
        return tensor.to(device, non_blocking=True, memory_format=layout)

    return lambda batch: tuple(moved(tensor) for tensor in batch)


@torch.no_grad()
def evaluate(task: Task, through: Pass, most: int | None = None) -> dict[str, float]:
    """The loss over the validation rows, with dropout off, and every measure.

    At `most` so many rows go through the network at once; where memory runs out, fewer.
    """
    if task.validation is None:
        return {}
    task.network.eval()
    total, rows = 0.0, 0
    seen: list[tuple[Tensor, Tensor]] = []
    for batch in task.validation.batches(0):
        for outputs, targets, loss in _evaluated(task, through, batch, most):
            total += loss * len(targets)
            rows += len(targets)
            if task.measures:
                seen.append((outputs.float(), targets))
    return {"val/loss": total / rows} | _measured(task, seen)


def _evaluated(
    task: Task, through: Pass, batch: Batch, most: int | None
) -> list[tuple[Tensor, Tensor, float]]:
    """Outputs, targets and mean loss of a batch: whole, or in parts that fit."""
    size = min(len(batch[-1]), most or len(batch[-1]))
    while True:
        try:
            return [_passed(task, through, part) for part in split(batch, size)]
        except (RuntimeError, MemoryError) as error:
            if size == 1 or not out_of_memory(error):
                raise
        size = -(-size // 2)
        torch.cuda.empty_cache()


def _passed(task: Task, through: Pass, rows: Batch) -> tuple[Tensor, Tensor, float]:
    *inputs, targets = through.moved(rows)
    with through.precision():
        outputs = through.forward(*inputs)
        loss = task.criterion(outputs, targets)
    return outputs, targets, float(loss)


def _measured(task: Task, seen: list[tuple[Tensor, Tensor]]) -> dict[str, float]:
    if not task.measures:
        return {}
    outputs, targets = (torch.cat(parts) for parts in zip(*seen, strict=True))
    taken = {n: float(take(outputs, targets)) for n, take in task.measures.items()}
    return {f"val/{name}": value for name, value in taken.items()}
