"""What a loss of `torch.nn.functional` is given, turned into what it is made for."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wellfit.core.training import Given

SMALLEST = 1e-7  # a probability that is taken for none


def _logarithms(shares: Tensor, targets: Tensor) -> Tensor:
    return shares.clamp_min(SMALLEST).log()


def _logits(shares: Tensor, targets: Tensor) -> Tensor:
    return torch.logit(shares, eps=SMALLEST)


def _log_shares(scores: Tensor, targets: Tensor) -> Tensor:
    return scores.log_softmax(1 if scores.ndim > 1 else 0)


def _shares(scores: Tensor, targets: Tensor) -> Tensor:
    return scores.sigmoid()


def _shaped(outputs: Tensor, targets: Tensor) -> Tensor:
    fits = outputs.numel() == targets.numel() and outputs.shape != targets.shape
    return outputs.reshape(targets.shape) if fits else outputs


CONVERSIONS: dict[Given, dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "probabilities": {
        "cross_entropy": _logarithms,  # its softmax leaves logarithms as they are
        "nll_loss": _logarithms,
        "binary_cross_entropy_with_logits": _logits,
    },
    "scores": {"nll_loss": _log_shares, "binary_cross_entropy": _shares},
    "broadcast": dict.fromkeys(
        ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"), _shaped
    ),
}


def converting(
    original: Any, convert: Callable[[Tensor, Tensor], Tensor], tell: Callable[[], None]
) -> Any:
    """The loss, given what `convert` makes of its outputs."""

    def loss(input: Any, target: Any, *args: Any, **options: Any) -> Any:  # noqa: A002
        if isinstance(input, Tensor) and isinstance(target, Tensor):
            tell()
            input = convert(input, target)  # noqa: A001
        return original(input, target, *args, **options)

    return loss
