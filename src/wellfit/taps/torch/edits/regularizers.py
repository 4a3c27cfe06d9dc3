"""What holds a fit back on purpose, and the statistics of batches, less so."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

SMOOTHING = 7  # place of the smoothing among the arguments of `cross_entropy`


def relax_dropout(model: nn.Module, factor: float) -> int:
    """Let every dropout of a model drop less."""
    count = 0
    for module in model.modules():
        name = _dropping(module)
        share = getattr(module, name) if name else 0.0
        if share > 0:
            setattr(module, name, share * factor)
            count += 1
    return count


def _dropping(module: nn.Module) -> str:
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return "p"
    return "dropout" if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) else ""


def sharpening(original: Any, factor: float, tell: Callable[[], None]) -> Any:
    """A `cross_entropy` that smooths less in training; evaluations stay comparable."""

    def loss(*args: Any, **options: Any) -> Any:
        if torch.is_grad_enabled():
            if options.get("label_smoothing", 0.0) > 0:
                tell()
                own = options["label_smoothing"]
                options = {**options, "label_smoothing": own * factor}
            elif len(args) > SMOOTHING and args[SMOOTHING] > 0:
                tell()
                own = args[SMOOTHING]
                args = (*args[:SMOOTHING], own * factor, *args[SMOOTHING + 1 :])
        return original(*args, **options)

    return loss


def loosening(original: Any, factor: float, tell: Callable[[], None]) -> Any:
    """A function that clips gradients, which leaves longer ones as they are."""

    def clip(parameters: Any, limit: Any = None, *args: Any, **options: Any) -> Any:
        tell()
        for name in ("max_norm", "clip_value"):
            if name in options:
                options = {**options, name: options[name] / factor}
                return original(parameters, *args, **options)
        return original(parameters, limit / factor, *args, **options)

    return clip


def steady(model: nn.Module, momentum: float) -> int:
    """Let a batch count less in the statistics of batch norms that are trained."""
    count = 0
    for module in model.modules():
        if not isinstance(module, _BatchNorm) or not module.track_running_stats:
            continue
        own: float | None = module.momentum
        # Without a momentum all batches count alike, which nothing is steadier than.
        if own is not None and own > momentum:
            module.momentum = momentum
            count += 1
    return count
