"""Each step's numbers, judged as soon as they are here: on a GPU some steps later."""

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

import torch
from torch import Tensor

from wellfit.taps.torch.healing.course import Fault, Judge
from wellfit.taps.torch.healing.pace import Pace
from wellfit.taps.torch.healing.state import norm_of, weights_of
from wellfit.taps.torch.numbers import OnItsWay, send

Optimizer = torch.optim.Optimizer

PENDING = 16  # steps whose numbers may be on their way from a device


class _Coming(NamedTuple):
    """What a step's numbers will be judged by, once they are here."""

    optimizer: "ref[Optimizer]"
    clock: int
    names: tuple[str, ...]
    numbers: OnItsWay
    rate: float


class Judged:
    """The judges of all optimizers that take turns; `norms` is how often one is taken.

    A device's numbers are never waited for, but for those of `PENDING` steps before.
    """

    def __init__(self, norms: Pace) -> None:
        self.judges: WeakKeyDictionary[Optimizer, Judge] = WeakKeyDictionary()
        self._norms = norms
        self._coming: deque[_Coming] = deque()

    def meet(self, optimizers: Iterable[Optimizer]) -> None:
        """Only these take turns from now on; one that is new has no past."""
        known = {o: self.judges.get(o) or Judge() for o in optimizers}
        self.judges.clear()
        self.judges.update(known)

    @property
    def calm(self) -> bool:
        """Whether all is ordinary, as far as it is known by now."""
        return all(judge.calm for judge in self.judges.values())

    def see(
        self, optimizer: Optimizer, clock: int, loss: Tensor | None
    ) -> Fault | None:
        """An optimizer is about to take a step; what is wrong, if anything is."""
        numbers = {} if loss is None else {"loss": loss}
        numbers |= self._of(optimizer, clock)
        rate: Any = optimizer.param_groups[0].get("lr")
        rate = rate if isinstance(rate, int | float) else 0.0
        if all(number.is_cpu for number in numbers.values()):
            said = {name: float(number) for name, number in numbers.items()}
            return self._judge(optimizer, clock, said, rate)
        device = next(n.device for n in numbers.values() if not n.is_cpu)
        stacked = torch.stack([n.to(device).float() for n in numbers.values()])
        coming = _Coming(ref(optimizer), clock, (*numbers,), send(stacked), rate)
        self._coming.append(coming)
        return self.arrived(wait=len(self._coming) > PENDING)

    def arrived(self, *, wait: bool) -> Fault | None:
        """Judge what has come from a device; all of it where `wait`."""
        while self._coming and (wait or self._coming[0].numbers.here):
            coming = self._coming.popleft()
            optimizer = coming.optimizer()
            if optimizer is None:
                continue
            values = map(float, coming.numbers.array())
            said = dict(zip(coming.names, values, strict=True))
            fault = self._judge(optimizer, coming.clock, said, coming.rate)
            if fault is not None:
                return fault
        return None

    def drop(self) -> None:
        """Of what is still to come, nothing counts: the training went back."""
        self._coming.clear()

    def _of(self, optimizer: Optimizer, clock: int) -> dict[str, Tensor]:
        """The norm of its gradients, when it is due; whether a fused step skips."""
        numbers: dict[str, Tensor] = {}
        if self._norms.due(clock):
            self._norms.begin()
            norm = _norm(optimizer)
            if norm is not None:
                numbers["norm"] = norm
            self._norms.end()
        found = getattr(optimizer, "found_inf", None)
        if isinstance(found, Tensor):
            numbers["skipped"] = found.reshape(())
        return numbers

    def _judge(
        self, optimizer: Optimizer, clock: int, said: dict[str, float], rate: float
    ) -> Fault | None:
        judge = self.judges.get(optimizer)
        if judge is None or said.get("skipped"):
            return None  # a scaler's affair
        judge.several = sum(j.losses.count > 0 for j in self.judges.values()) > 1
        return judge.see(clock, said.get("loss"), said.get("norm"), rate)


def _norm(optimizer: Optimizer) -> Tensor | None:
    """The norm of its gradients, without a scale that a fused step takes away later."""
    weights = weights_of(optimizer)
    norm = norm_of(w.grad for w in weights if w.grad is not None)
    scale = getattr(optimizer, "grad_scale", None)
    return norm / scale if norm is not None and isinstance(scale, Tensor) else norm
