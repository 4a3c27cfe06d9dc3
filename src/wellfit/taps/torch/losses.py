"""Numbers of every step, which are fetched together and recorded in their order."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wellfit.taps.tap import Records
from wellfit.taps.torch.numbers import OnItsWay, send

SPIKE = 3.0  # times the recent loss: unusual enough to look at the next steps
RECENT = 10.0  # steps that the recent loss is over

Number = tuple[str, int, Any]  # signal, step, number or tensor


class Losses:
    """Holds numbers until they are flushed; `alarm` is told of unusual losses."""

    def __init__(self, records: Records, alarm: Callable[[int], None]) -> None:
        self._records = records
        self._alarm = alarm
        self._held: list[Number] = []
        self._sent: list[tuple[list[Number], OnItsWay | None]] = []
        self._recent = math.nan

    def add(self, name: str, step: int, number: Any) -> None:
        """Hold a number of a signal: a float, or a tensor of one element."""
        self._held.append((name, step, number))

    def add_all(self, name: str, first: int, numbers: Sequence[Any]) -> None:
        """Hold a signal's numbers of successive steps."""
        self._held += [(name, step, n) for step, n in enumerate(numbers, first)]

    def flush(self, *, wait: bool = False) -> None:
        """Record what is held, as far as it has come; all of it where `wait`."""
        held, self._held = self._held, []
        if held:
            tensors = [n.reshape(()) for _, _, n in held if isinstance(n, Tensor)]
            self._sent.append((held, send(_stacked(tensors)) if tensors else None))
        while self._sent:
            numbers, coming = self._sent[0]
            if coming is not None and not (wait or coming.here):
                return
            self._sent.pop(0)
            self._record(numbers, [] if coming is None else coming.array().tolist())

    def _record(self, held: list[Number], fetched: list[float]) -> None:
        if fetched:
            following = iter(fetched)
            held = [
                (name, step, next(following) if isinstance(number, Tensor) else number)
                for name, step, number in held
            ]
        value = self._records.value
        for name, step, number in held:
            value(name, step, number)
        losses = [(step, n) for name, step, n in held if name == "train/loss"]
        self._watch(np.array([n for _, n in losses]), [step for step, _ in losses])

    def _watch(self, losses: Any, steps: list[int]) -> None:
        """Call for looks where a loss is not finite, or far above the recent ones."""
        if not len(losses):
            return
        finite = np.isfinite(losses)
        if not finite.all():
            place = int(np.argmin(finite))
            if math.isfinite(self._recent) or place:
                self._records.event("non-finite", steps[place], what="loss")
                self._alarm(steps[place])
            self._recent = math.nan
            return
        level = abs(self._recent) if math.isfinite(self._recent) else abs(losses[0])
        if np.abs(losses).max() > SPIKE * level + 1e-12:
            self._alarm(steps[int(np.abs(losses).argmax())])
        kept = (1 - 1 / RECENT) ** len(losses)
        mean = float(losses[-int(RECENT) :].mean())
        self._recent = (
            mean
            if math.isnan(self._recent)
            else (kept * self._recent + (1 - kept) * mean)
        )


def _stacked(tensors: list[Tensor]) -> Tensor:
    first = tensors[0]
    device = first.device
    if any(t.device != device for t in tensors):
        device = torch.device("cpu")
    if any(t.dtype != first.dtype or t.device != device for t in tensors):
        tensors = [t.to(device, torch.float64) for t in tensors]
    return torch.stack(tensors)
