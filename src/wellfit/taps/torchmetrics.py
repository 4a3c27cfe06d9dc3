"""The torchmetrics tap: what a script's own metrics come to, whatever they measure.

A metric that is computed (not the value of a single batch, which `forward` gives) is
recorded at PyTorch's step, under its class' name: `MulticlassJaccardIndex` as
`val/multiclass_jaccard_index`; one that gives several numbers, such as
`MeanAveragePrecision`, under their names.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import torch

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, attached, enter, leave
from wellfit.taps.told import Told

MOST_PLACES = 100  # of a metric that has a number for each class
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class TorchmetricsTap:
    """Watches the metrics of this process that are made while it is attached.

    Where a framework trains and logs them by names of its own, nothing is said twice.
    """

    framework = "torchmetrics"
    step = 0  # it sees no training

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._told = Told(records)
        self._learning: dict[int, bool] = {}  # by `id`: updated where gradients are
        self._inside = 0  # calls of `forward`

    def attach(self) -> None:
        """Begin to watch."""
        metric = import_module("torchmetrics.metric").Metric
        self._patches.replace(metric, "_wrap_update", self._update_patch)
        self._patches.replace(metric, "_wrap_compute", self._compute_patch)
        self._patches.replace(metric, "forward", self._forward_patch)
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; the metrics made until now tell nobody any more."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        self._learning.clear()

    def finish(self) -> None:
        """Detach."""
        self.detach()

    # -- what is patched ---------------------------------------------------------------

    def _update_patch(self, original: Any) -> Any:
        return self._wrapping(original, self._guard(self._updated))

    def _compute_patch(self, original: Any) -> Any:
        return self._wrapping(original, self._guard(self._computed))

    @staticmethod
    def _wrapping(original: Any, seen: Callable[..., None]) -> Any:
        def wrap(metric: Any, function: Any) -> Any:
            wrapped = original(metric, function)

            @functools.wraps(wrapped)
            def told(*args: Any, **kwargs: Any) -> Any:
                value = wrapped(*args, **kwargs)
                seen(metric, value)
                return value

            return told

        return wrap

    def _forward_patch(self, original: Any) -> Any:
        def forward(metric: Any, *args: Any, **kwargs: Any) -> Any:
            self._inside += 1
            try:
                return original(metric, *args, **kwargs)
            finally:
                self._inside -= 1

        return forward

    # -- what is seen ------------------------------------------------------------------

    def _updated(self, metric: Any, _: Any) -> None:
        self._learning[id(metric)] = torch.is_grad_enabled()

    def _computed(self, metric: Any, value: Any) -> None:
        if self._inside or self._told.by_another:
            return
        learning = self._learning.pop(id(metric), None)
        if learning is None:
            return  # computed before, and not updated since
        phase = "train" if learning else self._phase()
        self._told.steps(0)
        for name, number in _numbers(WORDS.sub("_", type(metric).__name__), value):
            self._told.metric(name.lower(), number, phase=phase)

    def _phase(self) -> str:
        """Which evaluation goes on, as PyTorch's tap knows it."""
        phases = (
            getattr(tap, "evaluating", None)
            for tap in attached()
            if tap.records is self.records
        )
        return next(filter(None, phases), "val")


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """A metric's numbers by name; of one by class, each at its place."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _numbers(str(key), part)
    elif isinstance(value, torch.Tensor):
        numbers = value.detach().reshape(-1)
        if value.ndim == 0:
            yield name, float(value)
        elif value.ndim == 1 and len(numbers) <= MOST_PLACES:
            for place, number in enumerate(numbers.tolist()):
                yield f"{name}_{place}", float(number)
    elif isinstance(value, int | float):
        yield name, float(value)
