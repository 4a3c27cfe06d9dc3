"""Rates that hang on losses: found by the first steps, lowered where none helps."""

import copy
from collections.abc import Callable, Mapping
from math import inf, isfinite
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.core.errors import BadSetting
from wellfit.core.rates import GROWTH, HIGH, goes_on, rate_taken
from wellfit.taps.torch.edits.optimizers import rate_of
from wellfit.taps.torch.edits.ranks import TOGETHER, together

Optimizer = torch.optim.Optimizer
EASED = 0.1  # times the rate, on a plateau


class RateSearch:
    """A range test within a training: it goes on from where it was, at the rate found.

    The rate rises from step to step as in that of wellfit's own trainer, up to 10.
    """

    def __init__(self, steps: int, tell: Callable[[float], None]) -> None:
        self.rate: float | None = None  # once it is found
        self.why = "no loss was seen: none was called `backward` of before a step"
        self._rates = [HIGH / GROWTH ** (steps - 1 - step) for step in range(steps)]
        self._tell = tell
        self._losses: list[float] = []  # a step each
        self._since: list[float] = []  # of backward passes since the last step
        self._scale = 1.0  # that a GradScaler has multiplied them with
        self._over = self._skips = False
        self._optimizer: Optimizer | None = None
        self._weights: list[tuple[Tensor, Tensor]] = []
        self._buffers: list[tuple[Tensor, Tensor]] = []
        self._state: dict[Any, Any] = {}

    def meet(self, model: nn.Module) -> int:
        """A model is about to be called for the first time."""
        if not self._over:
            self._buffers += [(b, b.clone()) for b in model.buffers()]
        return 1

    def sought(self, optimizer: Optimizer) -> float | None:
        """What its rates are multiplied with while the test goes on."""
        if self._over:
            return None
        now = max(float(group.get("lr") or 0) for group in optimizer.param_groups)
        return self._rates[len(self._losses)] / now if now > 0 else 1.0

    def scale(self, optimizer: Optimizer) -> float | None:
        """What its rates are multiplied with once one was found."""
        own = rate_of(optimizer)
        return None if self.rate is None or own <= 0 else self.rate / own

    def noting(self, original: Any) -> Any:
        """`Tensor.backward`, of which each call tells a loss."""

        def backward(loss: Tensor, *args: Any, **kwargs: Any) -> Any:
            if not self._over and loss.numel() == 1:
                self._note(float(loss.detach()) / self._scale)
            return original(loss, *args, **kwargs)

        return backward

    def scaling(self, original: Any) -> Any:
        """A GradScaler's `scale`, which tells by how much."""

        def scale(scaler: Any, outputs: Any) -> Any:
            found = original(scaler, outputs)
            if not self._over:
                self._scale = scaler.get_scale() if scaler.is_enabled() else 1.0
            return found

        return scale

    def _note(self, loss: float) -> None:
        self._since.append(loss)
        if self._optimizer is not None and not isfinite(loss):
            self._losses.append(loss)  # a step may never come: a GradScaler skips it
            self._end()
            self._skips = True

    def holds(self, optimizer: Optimizer) -> bool:
        """Whether the step is not to be taken: the test ends with it."""
        if self._over:
            skips, self._skips = self._skips, False
            return skips
        if together():
            self._give_up(TOGETHER)
            return True
        if self._optimizer is None:
            self._begin(optimizer)
        elif self._optimizer is not optimizer:
            self._give_up("several optimizers take steps by turns")
            return True
        if not self._since:
            self._give_up(self.why)
            return True
        self._losses.append(sum(self._since) / len(self._since))
        self._since.clear()
        if goes_on(self._losses) and len(self._losses) < len(self._rates):
            return False
        self._end()
        return True

    def _begin(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._state = {p: copy.deepcopy(own) for p, own in optimizer.state.items()}
        self._weights = [
            (p, p.detach().clone())
            for group in optimizer.param_groups
            for p in group["params"]
        ]

    def _give_up(self, why: str) -> None:
        self.why = why
        self._losses.clear()
        self._end()

    def _end(self) -> None:
        """Put all back as it was, and go on at the rate that is found."""
        self._over = True
        if self._losses:
            try:
                self.rate = rate_taken(self._rates, self._losses)
                self._tell(self.rate)
            except BadSetting as error:
                self.why = str(error)
        for tensor, before in (*self._weights, *self._buffers):
            tensor.data.copy_(before)
        if self._optimizer is not None:
            self._optimizer.state.clear()
            self._optimizer.state.update(self._state)
        self._weights, self._buffers, self._state = [], [], {}
        self._optimizer = None


class Plateaus:
    """Lowers the rate where evaluations have not become better for so many steps."""

    def __init__(self, patience: int) -> None:
        self.factor = 1.0
        self.why = "no loss of validation was seen"
        self._patience = patience
        self._steps = self._since = 0
        self._best = inf

    def taken(self, optimizer: Optimizer) -> None:
        """A step was taken."""
        self._steps += 1

    def shape(self, step: int) -> float:
        """What the rates are multiplied with."""
        return self.factor

    def hear(self, phase: str, scores: Mapping[str, float]) -> None:
        """An evaluation is over."""
        loss = scores.get("loss")
        if phase != "val" or loss is None:
            return
        if together():
            self.why = TOGETHER
            return
        self.why = f"no {self._patience} steps went by without a better evaluation"
        if loss < self._best:
            self._best, self._since = loss, self._steps
        elif self._steps - self._since >= self._patience:
            self.factor, self._since = self.factor * EASED, self._steps
