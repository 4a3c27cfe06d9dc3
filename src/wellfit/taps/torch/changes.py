"""A plan, applied to a training in PyTorch that knows nothing of it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.data import DataLoader

from wellfit.core.plan import Change, Plan
from wellfit.core.training import Activation, Given, Norm, OptimizerKind, Scheme
from wellfit.remedies.plans import remedy_of
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave
from wellfit.taps.torch.edits import models
from wellfit.taps.torch.edits.batches import shuffling
from wellfit.taps.torch.edits.lent import Lent, given_closure
from wellfit.taps.torch.edits.losses import CONVERSIONS, converting
from wellfit.taps.torch.edits.optimizers import Switch, unfused
from wellfit.taps.torch.edits.steps import StepEdits

Optimizer = torch.optim.Optimizer


class ChangesTap:
    """Edits every training of this process as the plan says, from `attach` on.

    It is the one tap that changes what happens, as it was asked to. Models are edited
    before they are first called, steps within themselves: before and after, all is as
    the script left it. After the first step it says which changes had no effect.
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
        self._steps, self._models = StepEdits(), models.ModelEdits()
        self._patches = Patches()
        self._lent = Lent()
        self._switch: Switch | None = None
        # Whether a step whose gradients are there is not to be taken, the first that
        # says so; and what is to be done after one that was taken.
        self._holds: list[Callable[[Optimizer], bool]] = []
        self._taken: list[Callable[[Optimizer], None]] = []
        self._held = False
        self._closing: list[Callable[[], None]] = []
        self._hooks: list[Any] = []
        self._applying = ""  # the change whose edits are being asked for
        self._places: dict[str, int] = {}  # edited, by change
        # What a change without effect did not find, and whether it did.
        self._lacks: dict[str, tuple[str, Callable[[], bool]]] = {}
        self._late: set[str] = set()  # changes of which that is known at the end only

    # -- what remedies ask for -------------------------------------------------------

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor."""
        self.shape_rates(lambda _: factor)

    def shape_rates(self, factor: Callable[[int], float]) -> None:
        """The same by a factor that hangs on the step."""
        self._steps.shapes.append(factor)
        self._lack("no optimizer has a learning rate", lambda: self._steps.rated)

    def clip_gradients(self, norm: float) -> None:
        """Before each step, shorten gradients whose global norm is larger."""
        known = self._steps.norm
        self._steps.norm = norm if known is None else min(norm, known)

    def clear_gradients(self) -> None:
        """Forget the gradients after each step."""
        self._steps.clears = True

    def add_momentum(self, share: float) -> None:
        """Give steps a momentum that have none."""
        self._steps.momentum = share
        why = "no optimizer is without a momentum that it could have"
        self._lack(why, lambda: self._steps.gained)

    def decay_weights(self, rate: float) -> None:
        """Shrink the weights at each step."""
        self._steps.decay += rate

    def swap_activations(self, to: Activation) -> None:
        """Put that in the place of activations between layers."""
        self._model(partial(models.swap_activations, to=to))
        self._lack("no module between layers is an activation that it could replace")

    def reinitialize(self, scheme: Scheme) -> None:
        """Draw the first weights anew."""
        self._model(partial(models.reinitialize, scheme=scheme))
        self._lack("no layer of a known kind is trained")

    def normalize(self, kind: Norm) -> None:
        """Normalise what each layer gives, but the last."""
        self._model(partial(models.normalize, kind=kind))
        self._lack("there are norms already, or no two layers of a known kind")

    def standardize_inputs(self) -> None:
        """Bring each input to mean 0 and standard deviation 1."""
        self._model(models.standardize_inputs)
        self._lack("no model is called")

    def shuffle_batches(self) -> None:
        """Draw the rows that are trained on in a random order."""
        told = partial(self._tell, self._applying, 1)
        self._patches.replace(DataLoader, "__iter__", lambda o: shuffling(o, told))
        self._lack("no DataLoader gives rows in a fixed order to a training")

    def convert_outputs(self, given: Given) -> None:
        """Turn what a loss is given into what it is made for."""
        told = partial(self._tell, self._applying, 1)
        for name, convert in CONVERSIONS[given].items():
            make = partial(converting, convert=convert, tell=told)
            self._patches.replace(torch.nn.functional, name, make)
        self._lack(f"no loss is called that takes no {given}")

    def switch_optimizer(self, to: OptimizerKind, rate: float) -> None:
        """Have another optimizer take the steps."""
        switch = self._switch = Switch(to, rate, self._lent)
        self._steps.scales.append(switch.scale)
        self._whole_gradients()
        self._lack(
            f"every optimizer is {to} already, or has no learning rate",
            lambda: switch.switched,
        )

    def _whole_gradients(self) -> None:
        """Whoever steps, gradients have been scaled back by then."""
        self._patches.replace(torch.amp.GradScaler, "step", unfused)

    def _model(self, edit: models.Edit) -> None:
        self._models.add(edit, partial(self._tell, self._applying))

    def _lack(
        self, why: str, found: Callable[[], bool] | None = None, *, late: bool = False
    ) -> None:
        """Why the change will have had no effect, unless a place was `found` for it.

        Where it may come `late`, that is not said before the end.
        """
        change = self._applying
        if late:
            self._late.add(change)
        self._lacks[change] = why, found or (lambda: self._places.get(change, 0) > 0)

    def _tell(self, change: str, places: int) -> None:
        self._places[change] = self._places.get(change, 0) + places

    # -- coming and going ------------------------------------------------------------

    def attach(self) -> None:
        """Begin to change."""
        for one in self.plan.changes:
            self._applying = one.id
            remedy_of(one).apply(self)
        self._say(applied=False)
        self._models.listen()
        self._hooks = [
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Change nothing any more."""
        self._guard.on = False
        self._models.close()
        self._lent.close()
        self._patches.restore()
        while self._closing:
            self._closing.pop()()
        while self._hooks:
            self._hooks.pop().remove()
        leave(self)

    def finish(self) -> None:
        """Detach, and say which changes never had an effect."""
        if self._guard.on and self.step:
            self._say(applied=True, ended=True)
        self.detach()

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        if not self._guard.on:
            return None
        self._lent.put_back()  # of a step that failed
        self._models.join(optimizer)
        self._steps.before(optimizer)
        ready = partial(self._ready, optimizer)
        given = given_closure(args, kwargs, ready)
        if given is None:
            ready()
        return given

    def _ready(self, optimizer: Optimizer) -> None:
        """The gradients of a step are there."""
        self._held = any(hold(optimizer) for hold in self._holds)
        if self._held:
            self._lent.give(optimizer)
            return
        self._steps.ready(optimizer)
        if self._switch is not None:
            self._switch.step(optimizer)

    def _after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not self._guard.on:
            self._steps.put_back()
            return
        self._steps.after(optimizer)
        if not self._held:
            for taken in self._taken:
                taken(optimizer)
        self.step += 1
        if self.step == 1:
            self._say(applied=True)

    def _say(self, *, applied: bool, ended: bool = False) -> None:
        """What was asked for, and what of it had no effect."""
        said = {"changes": self.plan.to_json(), "applied": applied}
        if applied:
            said["without_effect"] = {
                change: why
                for change, (why, found) in self._lacks.items()
                if (ended or change not in self._late) and not found()
            }
        self.records.fact("plan", said)
