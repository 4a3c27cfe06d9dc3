"""With what care a training goes on that went back: shorter steps, clipped gradients.

Chowdhery et al. (2022), PaLM, section 5.1: to go back about 100 steps, and past the
batches, is enough for most spikes. Zhang et al. (2022), OPT, section 2.5: where it is
not, a lower rate is. So what is done grows with how often it was needed.
"""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from wellfit.taps.torch.edits.steps import clip
from wellfit.taps.torch.healing.state import State

NEAR = 200  # steps, or five times those that were lost: within them it is the same
# trouble again
LOWER = 0.3  # times the rate, when the same trouble comes again, and again
DOUBLED = 500  # steps after which the rate may be twice as high: a schedule of the
# script's that was to rise further still can

Optimizer = torch.optim.Optimizer


class Care:
    """What is allowed of the rates and the gradients; at first, everything."""

    def __init__(self) -> None:
        self.level = 0  # times that the same trouble came
        self._clock = self._lost = 0
        self._limits: dict[int, float] = {}  # of rates, by their group's `id`
        self._norms: WeakKeyDictionary[Optimizer, float] = WeakKeyDictionary()
        self.now = 0  # steps of all optimizers that are done

    @property
    def factor(self) -> float:
        """Times the rates of the state that was gone back to."""
        return float(LOWER ** (self.level - 1))

    def went_back(self, state: State, clock: int) -> None:
        """The training goes on from there."""
        same = clock - self._clock < max(NEAR, 5 * self._lost)
        self.level = self.level + 1 if self.level and same else 1
        self._clock, self._lost = clock, clock - state.clock
        self._limits = {
            group: self.factor * float(rate)
            for group, rate in state.rates.items()
            if rate is not None
        }

    def limit(self, optimizer: Optimizer, norm: float) -> None:
        """Clip its gradients from now on, to the largest norm that was ordinary."""
        self._norms[optimizer] = norm

    def end(self) -> None:
        """Everything is allowed again."""
        self._limits = {}
        self._norms.clear()

    def rate(self, group: dict[str, Any], rate: Any) -> Any:
        """The rate of a group, or what is allowed of it."""
        limit = self._limits.get(id(group))
        if limit is None or rate is None:
            return rate
        limit *= 2.0 ** ((self.now - self._clock) // DOUBLED)
        if float(rate) <= limit:
            return rate
        return torch.full_like(rate, limit) if isinstance(rate, Tensor) else limit

    def shorten(self, optimizer: Optimizer) -> None:
        """Clip the gradients of the step that comes, where that is called for."""
        norm = self._norms.get(optimizer)
        if norm is not None:
            clip(optimizer, norm)
