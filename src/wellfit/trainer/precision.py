"""In which numbers a network is computed."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from wellfit.trainer.feed import Batch
from wellfit.trainer.settings import Precision

TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
PAYS = 0.9  # of the time of float32, at most
TRIED = 3  # passes that are timed, the fastest of which counts


def autocasting(
    precision: Precision, device: torch.device
) -> Callable[[], AbstractContextManager[object]]:
    """What a forward pass is computed within."""
    if precision == "float32":
        return nullcontext
    return lambda: torch.autocast(device.type, dtype=TYPES[precision])


def scaler_for(
    precision: Precision, device: torch.device
) -> torch.amp.GradScaler | None:
    """Keeps small gradients above what float16 can hold; others need none."""
    return torch.amp.GradScaler(device.type) if precision == "float16" else None


def bfloat16_pays(network: nn.Module, criterion: nn.Module, batch: Batch) -> bool:
    """Whether training steps are faster in bfloat16 here.

    A processor that says it can may still be slower at it, by up to 16 times: so it is
    tried. The network's weights, gradients and statistics are left as they were.
    """
    device = batch[-1].device
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    seconds = {
        precision: _timed(network, criterion, batch, autocasting(precision, device))
        for precision in ("float32", "bfloat16")
    }
    return seconds["bfloat16"] < PAYS * seconds["float32"]


def _timed(
    network: nn.Module,
    criterion: nn.Module,
    batch: Batch,
    context: Callable[[], AbstractContextManager[object]],
) -> float:
    *inputs, targets = batch
    parameters = [p for p in network.parameters() if p.requires_grad]
    state = {k: v.clone() for k, v in network.state_dict().items()}
    passes = []
    with torch.random.fork_rng(devices=[]):
        for _ in range(1 + TRIED):
            begun = time.perf_counter()
            with context():
                loss = criterion(network(*inputs), targets)
            torch.autograd.grad(loss, parameters, allow_unused=True)
            passes.append(time.perf_counter() - begun)
    network.load_state_dict(state)
    return min(passes[1:])
