"""Training passes in 16 bits, where that is faster."""

from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.edits.models import CONVOLUTIONS

PAYS = 0.9  # of the time of 32 bits, at most
TRIED = 3  # passes that are timed, the fastest of which counts
ROWS = 256  # of the layer that is timed


def mix_precision(model: nn.Module) -> int:
    """Compute a model's training passes in bfloat16; none where it does not pay."""
    weights = [p for p in model.parameters() if p.requires_grad]
    if any(p.dtype != torch.float32 for p in weights) or not bfloat16_pays(model):
        return 0
    passes = Passes()
    model.register_forward_pre_hook(partial(_enter, passes))
    model.register_forward_hook(partial(_leave, passes), always_call=True)
    return 1


class Passes:
    """The autocast that each pass under way is computed within."""

    def __init__(self) -> None:
        self.open: list[ExitStack] = []


def _enter(passes: Passes, model: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    stack = ExitStack()
    device = next(model.parameters()).device.type
    if model.training and torch.is_grad_enabled():
        stack.enter_context(torch.autocast(device, dtype=torch.bfloat16))
    passes.open.append(stack)
    return args


def _leave(passes: Passes, model: nn.Module, args: Any, outputs: Any) -> Any:
    if passes.open:
        passes.open.pop().close()
    return _whole(outputs)


def _whole(outputs: Any) -> Any:
    """Outputs in 32 bits again, for the loss."""
    if isinstance(outputs, Tensor):
        return outputs.float() if outputs.dtype == torch.bfloat16 else outputs
    if type(outputs) in (tuple, list):
        return type(outputs)(_whole(one) for one in outputs)
    if isinstance(outputs, dict):
        for name, one in outputs.items():
            outputs[name] = _whole(one)
    return outputs


def bfloat16_pays(model: nn.Module) -> bool:
    """Whether the largest layer is faster in bfloat16 here.

    A processor that says it can may still be slower at it, by up to 16 times: so it is
    tried.
    """
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, *CONVOLUTIONS))]
    if not layers:
        return False
    layer = max(layers, key=lambda one: one.weight.numel())
    device = layer.weight.device
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    mkldnn: Any = torch.ops.mkldnn
    if device.type != "cpu" or not mkldnn._is_mkldnn_bf16_supported():
        return False
    whole, half = (_seconds(layer, d) for d in (torch.float32, torch.bfloat16))
    return half < PAYS * whole


@torch.no_grad()
def _seconds(layer: Any, dtype: torch.dtype) -> float:
    """What a product of its weights takes, as a layer's passes are products."""
    weight = layer.weight.detach().flatten(1).to(dtype)
    rows = torch.ones(ROWS, weight.shape[1], dtype=dtype)
    taken = []
    for _ in range(1 + TRIED):
        begun = perf_counter()
        torch.mm(rows, weight.T)
        taken.append(perf_counter() - begun)
    return min(taken[1:])
