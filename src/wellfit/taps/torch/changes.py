"""A plan, applied to a training in PyTorch that knows nothing of it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from wellfit.core.plan import Change, Plan
from wellfit.remedies.plans import remedy_of
from wellfit.taps.tap import Guard, Records, enter, leave

Optimizer = torch.optim.Optimizer


class ChangesTap:
    """Edits every training of this process as the plan says, from `attach` on.

    It is the one tap that changes what happens, as it was asked to. What it does it
    does within an optimizer's step: before and after, all is as the script left it.
    """

    framework = "torch"

    def __init__(
        self,
        records: Records,
        *,
        plan: Sequence[dict[str, Any]],
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        self.records = records
        self.plan = Plan.of(*map(Change.from_json, plan))
        self.step = 0
        self._guard = Guard(self)
        self._factor = 1.0
        self._norm: float | None = None
        self._own: list[tuple[dict[str, Any], Any, Any]] = []  # rates of the script's
        self._hooks: list[Any] = []

    # -- what remedies ask for -------------------------------------------------------

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor."""
        self._factor *= factor

    def clip_gradients(self, norm: float) -> None:
        """Before each step, shorten gradients whose global norm is larger."""
        self._norm = norm if self._norm is None else min(norm, self._norm)

    # -- coming and going ------------------------------------------------------------

    def attach(self) -> None:
        """Begin to change."""
        for one in self.plan.changes:
            remedy_of(one).apply(self)
        self.records.fact("plan", {"changes": self.plan.to_json(), "applied": False})
        self._hooks = [
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Change nothing any more."""
        self._guard.on = False
        while self._hooks:
            self._hooks.pop().remove()
        leave(self)

    def finish(self) -> None:
        """Detach."""
        self.detach()

    # -- at each step ----------------------------------------------------------------

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not self._guard.on:
            return
        self._put_back()  # a step that failed has not come to its end
        if self._norm is not None:
            clip(optimizer, self._norm)
        if self._factor != 1.0:
            for group in optimizer.param_groups:
                self._scale(group)

    def _scale(self, group: dict[str, Any]) -> None:
        rate = group.get("lr")
        if rate is None:
            return
        scaled = rate * self._factor
        group["lr"] = scaled
        self._own.append((group, rate, scaled))

    def _after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self._put_back()
        if self._guard.on:
            self.step += 1
            if self.step == 1:
                said = {"changes": self.plan.to_json(), "applied": True}
                self.records.fact("plan", said)

    def _put_back(self) -> None:
        """The script's own rates, where it has not set others since."""
        while self._own:
            group, rate, scaled = self._own.pop()
            if group.get("lr") is scaled:
                group["lr"] = rate


def clip(optimizer: Optimizer, norm: float) -> None:
    """Shorten the gradients of all its parameters to that global norm (L2) at most."""
    trained = [
        p
        for group in optimizer.param_groups
        for p in group["params"]
        if p.grad is not None
    ]
    gradients: list[Tensor] = [p.grad for p in trained if p.grad is not None]
    if gradients:
        total = torch.nn.utils.get_total_norm(gradients)
        torch.nn.utils.clip_grads_with_norm_(trained, norm, total)
