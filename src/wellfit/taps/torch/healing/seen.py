"""The losses of backward passes since the last step, without the scale of a scaler."""

import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wellfit.taps.patches import Patches
from wellfit.taps.torch.calm import compiling

MOST = 256  # passes that are kept where no step follows
LEAST = 1e-4  # of a scale: below it nearly every step overflows, whatever is scaled.
# fairseq's `--min-loss-scale`, at which it gives up


class Seen:
    """Listens to `Tensor.backward` and to GradScalers.

    `stuck` is called where a scaler has skipped a step and its scale has gone below all
    use.
    """

    def __init__(self, stuck: Callable[[Any, torch.optim.Optimizer], None]) -> None:
        self.scalers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._stuck = stuck
        self._losses: deque[Tensor] = deque(maxlen=MOST)
        self._scaled: tuple[weakref.ref[Tensor], Tensor] | None = None
        self._stepped = False  # since a scaler was asked for a step
        self._patches = Patches()

    def attach(self) -> None:
        """Begin to listen."""
        replace = self._patches.replace
        replace(Tensor, "backward", self._backward)
        replace(torch.amp.GradScaler, "scale", self._scale)
        replace(torch.amp.GradScaler, "step", self._step)

    def detach(self) -> None:
        """Listen no more."""
        self._patches.restore()
        self._losses.clear()
        self._scaled = None

    def take(self) -> Tensor | None:
        """The mean loss of the passes since it was last asked; None of no pass."""
        losses = [*self._losses]
        self._losses.clear()
        self._stepped = True
        if not losses:
            return None
        return losses[0] if len(losses) == 1 else torch.stack(losses).mean()

    def _backward(self, original: Any) -> Any:
        def backward(loss: Tensor, *args: Any, **kwargs: Any) -> Any:
            if not compiling() and loss.numel() == 1:
                known = self._scaled
                scaled = known is not None and known[0]() is loss
                value = known[1] if known is not None and scaled else loss.detach()
                self._losses.append(value.reshape(()))
            return original(loss, *args, **kwargs)

        return backward

    def _scale(self, original: Any) -> Any:
        def scale(scaler: Any, outputs: Any) -> Any:
            scaled = original(scaler, outputs)
            if isinstance(outputs, Tensor) and scaled is not outputs:
                self.scalers.add(scaler)
                self._scaled = weakref.ref(scaled), outputs.detach()
            return scaled

        return scale

    def _step(self, original: Any) -> Any:
        def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            self._stepped = False
            result = original(scaler, optimizer, *args, **kwargs)
            if not self._stepped:  # it found the gradients not finite: no fault of ours
                self._losses.clear()
                if scaler.is_enabled() and scaler.get_scale() < LEAST:
                    self._stuck(scaler, optimizer)
            return result

        return step
