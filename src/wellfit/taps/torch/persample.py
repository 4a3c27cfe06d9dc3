"""The losses of the samples of a batch, one by one: noise and hard cases show there."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from wellfit.taps.torch.criteria import CRITERIA, NUMBERS, Call
from wellfit.taps.torch.numbers import Floats, Later, send

ROWS = 256  # of a batch
MOST_VALUES = 1 << 17  # outputs
PAIRED = frozenset(
    {
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "cross_entropy",
        "huber_loss",
        "l1_loss",
        "mse_loss",
        "nll_loss",
        "poisson_nll_loss",
        "smooth_l1_loss",
        "soft_margin_loss",
    }
)  # of two arguments, with a loss for each sample
BY_ROW = frozenset({"reduction", "size_average", "reduce"})


def by_sample(call: Call) -> Later | None:
    """Deviation, median, 95th percentile and greatest of the losses of the samples.

    The criterion is called once more on some rows, detached, without reduction: it
    draws nothing at random and leaves nothing behind.
    """
    targets = call.targets
    if call.criterion not in PAIRED or targets is None or call.rows < 2:
        return None
    if targets.shape[:1] != call.outputs.shape[:1] or not call.outputs.numel():
        return None
    if call.criterion in NUMBERS and targets.shape != call.outputs.shape:
        return None  # broadcast, of which torch would warn: no loss is a sample's own
    wide = call.outputs.numel() // call.rows
    apart = max(1, -(-call.rows // max(1, min(ROWS, MOST_VALUES // max(wide, 1)))))
    options: dict[str, Any] = {k: v for k, v in call.options.items() if k not in BY_ROW}
    options = {k: v for k, v in options.items() if k not in ("input", "target")}
    weight = options.get("weight")
    if isinstance(weight, Tensor) and weight.shape == call.outputs.shape:
        options["weight"] = weight.detach()[::apart]  # each row's own
    with torch.no_grad():
        each: Tensor = CRITERIA[call.criterion](
            call.outputs.detach()[::apart],
            targets.detach()[::apart],
            **options,
            reduction="none",
        )
    return Later((send(each.reshape(len(each), -1).mean(1)),), _quantiles)


def _quantiles(losses: Floats) -> dict[str, float]:
    losses = losses[np.isfinite(losses)]
    if len(losses) < 2:
        return {}
    losses.sort()  # np.quantile takes six times as long, and imports more
    places = np.array([0.5, 0.95]) * (len(losses) - 1)
    median, high = np.interp(places, np.arange(len(losses)), losses)
    return {
        "sample_loss_std": float(losses.std(ddof=1)),
        "sample_loss_median": float(median),
        "sample_loss_p95": float(high),
        "sample_loss_max": float(losses[-1]),
    }
