"""Can one batch be learnt by heart? Tried on copies of the weights, with our Adam."""

import math
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from wellfit.taps.torch.experiments.randomness import borrowed
from wellfit.taps.torch.tape import Key, Tape, cast

RATES = (1e-2, 1e-3, 1e-1)  # Adam moves each weight by about that a step
MOST_STEPS = 300
ENOUGH = 0.05  # of the loss at the start: no need to go on


def overfit(tape: Tape, trained: set[int], *, seconds: float) -> dict[str, Any]:
    """The fact `overfit_batch`: the loss of one batch, before and at its least.

    Dropout is off; `trained` are the ids of the parameters that an optimizer steps.
    """
    begun, start = perf_counter(), math.nan
    tries: list[dict[str, Any]] = []
    for rate in RATES:
        share = seconds / len(RATES)
        start, least, at, taken = _descend(tape, trained, rate, share)
        tries.append({"rate": rate, "loss": least, "steps": at, "taken": taken})
        if least <= ENOUGH * start:
            break
    best = min(tries, key=lambda one: one["loss"])
    return {
        "start": start,
        "least": best["loss"],
        "rate": best["rate"],
        "steps": best["steps"],
        "tries": tries,
        "seconds": perf_counter() - begun,
    }


def _descend(
    tape: Tape, trained: set[int], rate: float, seconds: float
) -> tuple[float, float, int, int]:
    """The loss at the start, the least and after how many steps, and all steps."""
    until = perf_counter() + seconds
    fixed, moved = _weights(tape, trained)
    if not moved:
        raise LookupError("no parameter of an optimizer leads to the loss")
    optimizer = torch.optim.Adam(moved.values(), lr=rate)
    start = least = math.nan
    at = step = 0
    for step in range(MOST_STEPS):
        with borrowed(0), torch.enable_grad():
            loss = tape.play({**fixed, **moved}, dtype=torch.float32, dropout=False)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        if step == 0:
            start = least = value
        if not math.isfinite(value):
            break
        if value < least:
            least, at = value, step
        if value <= ENOUGH * start or perf_counter() > until:
            break
        optimizer.step()
    return start, least, at, step


def _weights(
    tape: Tape, trained: set[int]
) -> tuple[Mapping[Key, Tensor], Mapping[Key, Tensor]]:
    """Copies of the leaves: those that stay, and those that are trained."""
    fixed, moved = {}, {}
    for key in tape.leaves:
        copy = cast(tape.given[key], torch.float32)
        if key[0] in trained and copy.is_floating_point():
            moved[key] = copy.requires_grad_()
        else:
            fixed[key] = copy
    return fixed, moved
