"""A plan, applied to a training in PyTorch that knows nothing of it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from wellfit.core.plan import Plan
from wellfit.remedies.plans import remedy_of
from wellfit.taps.planned import say_planned
from wellfit.taps.tap import Guard, Records, attached, enter, leave
from wellfit.taps.torch.edits.asked import Edits
from wellfit.taps.torch.edits.lent import given_closure
from wellfit.taps.torch.healing.healing import Healing

Optimizer = torch.optim.Optimizer


class ChangesTap:
    """Edits every training of this process as the plan says, from `attach` on.

    It is the one tap that changes what happens, as it was asked to. Models are edited
    before they are first called, steps within themselves: before and after, all is as
    the script left it. After the first step it says which changes had no effect; those
    that have `reached` the text of the script, by their ids, had one there. In the
    `folder` of the run stands what one keeps on disk.
    """

    framework = "torch"

    def __init__(
        self,
        records: Records,
        *,
        plan: Sequence[dict[str, Any]],
        reached: Sequence[str] = (),
        overhead: float = 0.02,
        every: int | None = None,
        folder: Path | None = None,
    ) -> None:
        self.records = records
        self.plan = Plan.from_json(plan)
        self._reached = frozenset(reached)
        self.step = 0
        self._guard = Guard(self)
        heal = partial(
            Healing,
            records,
            step=self._done,
            overhead=overhead,
            every=every,
            folder=folder,
        )
        self._edits = Edits(records, self._say, heal=heal)
        self._hooks: list[Any] = []

    def attach(self) -> None:
        """Begin to change."""
        for one in self.plan.changes:
            self._edits.applying = one.id
            remedy_of(one).apply(self._edits)
        self._say()
        self._edits.begin()
        self._hooks = [
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Change nothing any more."""
        self._guard.on = False
        self._edits.close()
        while self._hooks:
            self._hooks.pop().remove()
        leave(self)

    def finish(self) -> None:
        """Detach, and say which changes never had an effect."""
        if self._guard.on and self.step:
            self._say(ended=True)
        self.detach()

    def _done(self) -> int:
        """Steps of the run: by the tap that counts them, where there is one."""
        others = [t for t in attached() if t.records is self.records and t is not self]
        return max((t.step for t in others), default=self.step)

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        """A step comes: its arguments, where a closure is to tell of its gradients."""
        if not self._guard.on:
            return None
        self._edits.before(optimizer)
        ready = partial(self._edits.ready, optimizer)
        given = given_closure(args, kwargs, ready)
        if given is None:
            ready()
        return given

    def _after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not self._guard.on:
            self._edits.put_back()
            return
        self._edits.after(optimizer)
        self.step += 1
        if self.step == 1:
            self._say()

    def _say(self, *, ended: bool = False) -> None:
        """What was asked for, what of it had no effect, and what was found out."""
        edits = self._edits
        more: dict[str, Any] = {}
        lacks = {
            change: why()
            for change, (why, found) in edits.lacks.items()
            if (ended or change not in edits.late)
            and change not in self._reached
            and not found()
        }
        if self._reached:
            more["in_source"] = sorted(self._reached)
        if edits.found:
            more["found"] = edits.found
        told = lacks if self.step else None
        say_planned(self.records, self.plan, self.framework, told, **more)
