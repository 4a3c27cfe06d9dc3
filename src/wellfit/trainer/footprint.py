"""How much memory rows take on their way through a network, told before they go."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from wellfit.trainer.feed import Batch
from wellfit.trainer.room import free
from wellfit.trainer.settings import Settings, Task

TRIED = (2, 4)  # rows: batch normalisation needs two
# Of what is kept for the way back: with its gradients, and what the allocator holds
# beside, ResNet-18, a CNN, a transformer and a perceptron took 1.3 to 2.0 times it.
BESIDE = 2.0
STATES = 3  # of the weights' bytes: their gradients, and two moments
LIGHT = 1000  # times the inputs' bytes: where even that is free, nothing is tried


def rows_at_once(task: Task, how: Settings, batch: Batch) -> int:
    """How many rows of such batches fit into the memory; at least two, if there are.

    A forward pass of a few rows is made, of which the memory kept for the way back is
    counted. The network is left as it was.
    """
    rows, left = len(batch[-1]), _free(how)
    inputs = sum(t.nbytes for t in batch)
    if rows <= TRIED[1] or inputs * LIGHT < left:
        return rows
    left -= STATES * sum(p.nbytes for p in task.network.parameters())
    few, more = (_kept(task, how, tuple(t[:n] for t in batch)) for n in TRIED)
    each = BESIDE * (more - few) / (TRIED[1] - TRIED[0])
    return rows if each * rows <= left else max(TRIED[0], int(left / each))


def _free(how: Settings) -> float:
    """Bytes that the training may take."""
    if how.memory is not None:
        return how.memory
    if how.device.startswith("cuda"):
        return torch.cuda.mem_get_info(how.device)[0]
    return free()


def _kept(task: Task, how: Settings, batch: Batch) -> int:
    """Bytes that are kept for the way back."""
    from wellfit.trainer.passes import passing

    sizes: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        held.append(tensor)  # so that no other takes its place
        return tensor

    held: list[Tensor] = []
    with untouched(task.network), passing(task, how) as through:
        *inputs, targets = through.moved(batch)
        hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
        with hooks, through.precision():
            task.criterion(through.forward(*inputs), targets)
    for weight in (*task.network.parameters(), *task.network.buffers()):
        sizes.pop(weight.untyped_storage().data_ptr(), None)
    return sum(sizes.values())


@contextmanager
def untouched(network: nn.Module) -> Iterator[None]:
    """Weights, gradients, statistics and generators are put back as they were."""
    gradients = [(p, p.grad) for p in network.parameters()]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    training = network.training
    devices = {p.device for p in network.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=list(devices)):
        yield
    network.load_state_dict(state)
    for parameter, gradient in gradients:
        parameter.grad = gradient
    network.train(training)
