"""How long a training goes on: no stranger's loop is ended, or begun once more."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler

from wellfit.taps.torch.edits.ranks import TOGETHER, together

Optimizer = torch.optim.Optimizer
SCHEDULES = [
    kind
    for kind in vars(lr_scheduler).values()
    if isinstance(kind, type)
    and issubclass(kind, lr_scheduler.LRScheduler)
    and "step" in vars(kind)
    and kind is not lr_scheduler.ReduceLROnPlateau  # by evaluations, not by batches
]
Values = list[tuple[Tensor, Tensor]]  # places, what they held


class Early:
    """Ends the training when evaluations no longer get better: no step is taken then.

    What was best is put back, and stays to the end.
    """

    def __init__(self, patience: int) -> None:
        self.stopped = False
        self.why = "no loss of validation was seen"
        self._patience = patience
        self._waited, self._best = 0, inf
        self._models: list[nn.Module] = []
        self._handles: list[Any] = []
        self._evaluating = False
        self._statistics: Values = []  # as they were evaluated
        self._kept: Values = []

    def meet(self, model: nn.Module) -> int:
        """A model is about to be called for the first time."""
        self._models.append(model)
        self._handles.append(model.register_forward_pre_hook(self._enter))
        return 1

    def _enter(self, model: nn.Module, _: Any) -> None:
        """Training goes on: its first pass moves the statistics of norms."""
        if torch.compiler.is_compiling() or self.stopped:
            return
        before = self._evaluating
        self._evaluating = not (torch.is_grad_enabled() and model.training)
        if before and not self._evaluating:
            self._statistics = _statistics(self._models)

    def hear(self, phase: str, scores: Mapping[str, float]) -> None:
        """An evaluation is over."""
        loss = scores.get("loss")
        if phase != "val" or loss is None or self.stopped:
            return
        if together():
            self.why = TOGETHER
            return
        self.why = f"no {self._patience} evaluations in a row were without a better one"
        if loss < self._best:
            self._best, self._waited = loss, 0
            statistics = self._statistics or _statistics(self._models)
            self._kept = [*statistics, *_weights(self._models)]
            return
        self._waited += 1
        if self._waited >= self._patience and self._kept:
            self.stopped = True
            self._put_back()

    def holds(self, optimizer: Optimizer) -> bool:
        """Whether it has ended."""
        if self.stopped:
            self._put_back()  # the statistics of norms: the loop goes on
        return self.stopped

    def _put_back(self) -> None:
        for place, value in self._kept:
            place.data.copy_(value)

    def close(self) -> None:
        """End nothing any more."""
        while self._handles:
            self._handles.pop().remove()


def _statistics(models: list[nn.Module]) -> Values:
    return [(b, b.clone()) for model in models for b in model.buffers()]


def _weights(models: list[nn.Module]) -> Values:
    return [(p, p.detach().clone()) for model in models for p in model.parameters()]


class Longer:
    """Has each pass over the data of a training be several, and a part of one."""

    def __init__(self, factor: float, tell: Callable[[], None]) -> None:
        self._factor, self._tell = factor, tell
        self._steps = 0
        self._open = 0  # passes that go on
        self._calls: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # of schedules
        self._within = False  # a schedule, which may step others

    def taken(self, optimizer: Optimizer) -> None:
        """A step was taken."""
        self._steps += 1

    def repeating(self, original: Any) -> Any:
        """A loader's `__iter__`: once more where steps were taken in the pass."""

        def iterate(loader: Any) -> Iterator[Any]:
            return self._passes(loader, original(loader), partial(original, loader))

        return iterate

    def _passes(
        self, loader: Any, first: Iterator[Any], another: Callable[[], Iterator[Any]]
    ) -> Iterator[Any]:
        before = self._steps
        self._open += 1
        try:
            yield from first
            if self._steps == before:
                return
            self._tell()
            for _ in range(int(self._factor) - 1):
                yield from another()
            part = self._factor % 1
            if part:
                yield from islice(another(), round(part * len(loader)))
        finally:
            self._open -= 1

    def stretching(self, original: Any) -> Any:
        """A schedule's `step`: of those within a pass only each so manieth counts.

        One that is stepped by epochs is left alone: there are as many of them as ever.
        """

        def step(schedule: Any, *args: Any, **kwargs: Any) -> Any:
            if self._within or not self._open:
                return original(schedule, *args, **kwargs)
            before = self._calls.get(schedule, 0)
            self._calls[schedule] = before + 1
            if int((before + 1) / self._factor) == int(before / self._factor):
                return None
            self._within = True
            try:
                return original(schedule, *args, **kwargs)
            finally:
                self._within = False

        return step
