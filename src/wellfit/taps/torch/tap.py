"""The PyTorch tap: every training of this process, seen and left as it is.

A wrapped `backward` and the losses of `torch.nn.functional` tell the objective, hooks
on all optimizers tell the steps, the DataLoader tells where batches come from. Some
steps are looked at in full (`looks.py`); the others cost a few microseconds.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _BaseDataLoaderIter

from wellfit.taps.looks import Looks
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave
from wellfit.taps.torch.byhand import call_by_hand
from wellfit.taps.torch.calm import (
    Calm,
    Naps,
    coming_step,
    compiling,
    cost,
    watched_backward,
    watched_criterion,
    watched_next,
    watched_step,
    watched_zero,
)
from wellfit.taps.torch.criteria import CRITERIA, Call, call_of
from wellfit.taps.torch.doors import Doors
from wellfit.taps.torch.evaluations import Evaluations
from wellfit.taps.torch.inputs import Entered
from wellfit.taps.torch.loaders import Loaders
from wellfit.taps.torch.sources import Origin, Sources
from wellfit.taps.torch.steps import Steps

MOST_PENDING = 16  # calls with gradient and no backward yet: each holds its graph


class _Pending(NamedTuple):
    """A call of a criterion with gradient: of training, if a backward follows.

    `entered` is known where the models are in `eval()` mode: it may be an evaluation.
    """

    call: Call
    entered: Entered | None


class TorchTap:
    """Watches the trainings of this process, from `attach` to `finish`.

    `model` is what to watch where the caller knows it; otherwise it is found. A fault
    of the tap's own ends the watching, never the training.
    """

    framework = "torch"

    def __init__(
        self,
        records: Records,
        *,
        model: nn.Module | None = None,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._hook: Any = None  # after every optimizer's step
        self._hooking = False  # a hook of ours on a step is being called
        self._sources = Sources()
        self._calm = Calm()
        looks = Looks(overhead=overhead, every=every)
        looks.calm = cost()
        self._doors = Doors(self._guard)
        self._naps = Naps()
        self._steps = Steps(
            records, looks, self._sources, self._calm, self._doors, self._naps, model
        )
        self._evaluations = Evaluations(records, self._sources, self._steps.rows)
        self._pending: list[_Pending] = []
        self._loaders = Loaders()

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self._steps.count

    @property
    def parameters(self) -> dict[str, Tensor]:
        """What is trained, by name, in forward order."""
        return self._steps.models.parameters

    @property
    def evaluating(self) -> str | None:
        """The phase of the evaluation that goes on, as far as it is known by now."""
        return self._evaluations.phase

    def listen(
        self, hear: Callable[[str, Mapping[str, float]], None]
    ) -> Callable[[], None]:
        """Have that called with the phase and the scores of each evaluation.

        It comes as soon as training goes on: weights are still those evaluated. What is
        given ends it.
        """
        self._evaluations.heard.append(hear)
        return partial(self._evaluations.heard.remove, hear)

    # -- coming and going ----------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        replace, functional = self._patches.replace, torch.nn.functional
        calm = self._calm
        seen, scored = self._guard(self._criterion), self._guard(self._scored)
        for name in CRITERIA:
            make = partial(
                watched_criterion, name=name, calm=calm, seen=seen, scored=scored
            )
            replace(functional, name, make)
        over = self._guard(self._exhausted)
        before, after = self._hooked(self._steps.before), self._hooked(self._stepped)
        backward = self._guard(self._backward)
        failed = self._guard(self._steps.failed)
        self._naps.watch(
            Tensor, "backward", lambda o: watched_backward(o, calm, backward, failed)
        )
        for owner in (nn.utils, nn.utils.clip_grad):
            replace(owner, "clip_grad_norm_", self._clip_patch("norm"))
            replace(owner, "clip_grad_value_", self._clip_patch("value"))
        replace(DataLoader, "__iter__", self._loader_patch)
        replace(_BaseDataLoaderIter, "__next__", lambda o: watched_next(o, calm, over))
        replace(torch.jit, "script", self._script_patch)
        zeroed = self._guard(self._steps.zeroed)
        self._naps.watch(
            torch.optim.Optimizer, "zero_grad", lambda o: watched_zero(o, calm, zeroed)
        )
        replace(torch.amp.GradScaler, "step", self._scaler_patch)
        replace(torch.amp.GradScaler, "update", self._scale_patch)
        replace(torch, "randperm", self._order_patch)
        replace(torch, "compile", self._compile_patch)
        replace(nn.Module, "compile", self._compile_patch)
        self._steps.models.listen()
        self._naps.hook(register_optimizer_step_pre_hook, coming_step(calm, before))
        self._hook = register_optimizer_step_post_hook(watched_step(calm, after))
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in PyTorch."""
        self._guard.on = False
        with ExitStack() as parts:  # each of them, whatever becomes of the others
            if self._hooking:  # PyTorch goes through its table of hooks at this moment
                parts.callback(self._leave_later)
            else:
                parts.callback(self._unhook)
            parts.callback(self._doors.close)
            parts.callback(self._naps.close)
            parts.callback(self._steps.close)
            parts.callback(self._patches.restore)
            parts.callback(leave, self)

    def _unhook(self) -> None:
        self._naps.unhook()
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _leave_later(self) -> None:
        self._patches.replace(Tensor, "backward", self._leave_patch)

    def _leave_patch(self, original: Any) -> Any:
        """The next backward pass takes away what is left of the tap."""

        def backward(*args: Any, **kwargs: Any) -> Any:
            self._patches.restore()
            self._unhook()
            return original(*args, **kwargs)

        return backward

    def _hooked(self, function: Callable[..., None]) -> Callable[..., None]:
        """The function, guarded, to be called from a hook on an optimizer's step."""
        guarded = self._guard(function)

        def call(*args: Any, **kwargs: Any) -> None:
            self._hooking = True
            guarded(*args, **kwargs)
            self._hooking = False

        return call

    def finish(self) -> None:
        """Detach, and record what is still held and what the whole tells."""
        was_on = self._guard.on
        try:
            self.detach()
            if not was_on:
                return
            self._settle()
            self._steps.flush(whole=True)
            self._end_evaluation()
            self._say_facts()
        except Exception as error:
            self._guard.fail(error)

    def tell(self) -> None:
        """Record what is still held, in the midst of it: what was seen until now."""
        self._guard(self._tell)()

    def _tell(self) -> None:
        self._steps.resume()
        self._end_evaluation()
        self._steps.say_facts()

    def _guarded(self, function: Callable[..., None]) -> Callable[..., None]:
        guarded = self._guard(function)

        def call(*args: Any) -> None:
            if not compiling():
                guarded(*args)

        return call

    def _say_facts(self) -> None:
        steps = self._steps
        if not steps.count:
            return
        steps.say_facts()
        loaders, sample = self._loaders.fact(), steps.rows.sample
        found = sample.facts(
            steps.objective.task,
            held=steps.rows.held,
            loader=loaders.get("train", {}),
        )
        for key, fact in found.items():
            known = steps.inputs.fact() or {}
            self.records.fact(key, {**known, **fact} if key == "inputs" else fact)
        self.records.fact("loaders", loaders)

    # -- what is patched -----------------------------------------------------------

    def _clip_patch(self, kind: str) -> Callable[[Any], Any]:
        seen = self._guarded(self._steps.clipped)

        def make(original: Any) -> Any:
            def clip(*args: Any, **kwargs: Any) -> Any:
                norm = original(*args, **kwargs)
                named = {**dict(zip(("", "limit"), args, strict=False)), **kwargs}
                said = ("limit", "max_norm", "clip_value")
                seen(norm, kind, next(named[n] for n in said if n in named))
                return norm

            return clip

        return make

    def _loader_patch(self, original: Any) -> Any:
        seen = self._guarded(self._loading)

        def iterate(loader: Any) -> Any:
            seen(loader)
            return original(loader)

        return iterate

    def _order_patch(self, original: Any) -> Any:
        seen = self._guarded(self._steps.drawn)

        def randperm(*args: Any, **kwargs: Any) -> Any:
            order = original(*args, **kwargs)
            seen(order)
            return order

        return randperm

    def _script_patch(self, original: Any) -> Any:
        def script(*args: Any, **kwargs: Any) -> Any:
            with self._patches.lifted():  # it compiles the sources of what it calls
                return original(*args, **kwargs)

        return script

    def _compile_patch(self, original: Any) -> Any:
        noted = self._guard(self._compiled)

        def compile_(model: Any = None, *args: Any, **kwargs: Any) -> Any:
            noted(model)
            return original(model, *args, **kwargs)

        return compile_

    def _compiled(self, model: Any) -> None:
        self._doors.pin()
        if isinstance(model, nn.Module):
            self._steps.models.note(model)

    # -- data ----------------------------------------------------------------------

    def _loading(self, loader: Any) -> None:
        self._loaders.add(loader)

    def _exhausted(self, batches: Any) -> None:
        if self._sources.trained_on(Origin(getattr(batches, "_dataset", None))):
            self._steps.end_epoch()

    # -- training and evaluation -----------------------------------------------------

    def _criterion(self, name: str, args: Any, options: Any, value: Any) -> None:
        trained = getattr(value, "requires_grad", False) and torch.is_grad_enabled()
        evaluating = trained and self._steps.models.evaluating()
        call = call_of(name, args, options, value)
        if call is None:
            return
        if trained:
            self._steps.computed(call.outputs)
        entered = None
        if evaluating or not trained:  # a backward may never come
            call, entered = call.cut(), self._steps.inputs.entered()
        if entered is not None and not trained:
            self._evaluate(call, entered)
            return
        self._pending.append(_Pending(call, entered))
        if len(self._pending) > MOST_PENDING:
            self._settle()

    def _scored(self, name: str, args: Any, options: Any, value: Any) -> None:
        call = call_of(name, args, options, value)
        if call is not None:
            self._steps.scores.add_small(call)

    def _settle(self) -> None:
        """Calls that no backward followed: evaluation, where the model says so."""
        pending, self._pending = self._pending, []
        for one in pending:
            if one.entered is not None:
                self._evaluate(one.call, one.entered)

    def _evaluate(self, call: Call, entered: Entered) -> None:
        trained = self._steps.criteria
        if not trained or call.criterion in trained:  # else a measure beside it
            self._steps.pause()
            self._steps.evaluating()
            self._evaluations.add(call, entered, self.step)

    def _end_evaluation(self) -> bool:
        phase = self._evaluations.end(self.step)
        if phase is not None:
            self._steps.evaluated(phase)
        return phase is not None

    def _stepped(self, optimizer: torch.optim.Optimizer) -> None:
        if self._pending and not self._steps.backwards:
            # A backward pass that did not go through `Tensor.backward`.
            calls = [one.call for one in self._pending if one.entered is None]
            self._pending = []
            if calls:
                self._end_evaluation()
                self._steps.backward(calls, None)
        self._steps.after(optimizer)

    def _scaler_patch(self, original: Any) -> Any:
        skipped = self._guard(self._steps.skipped)

        def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            before = self.step
            given = original(scaler, optimizer, *args, **kwargs)
            if self.step == before:
                skipped(optimizer)
            return given

        return step

    def _scale_patch(self, original: Any) -> Any:
        scaled = self._guard(self._steps.scaled)

        def update(scaler: Any, *args: Any, **kwargs: Any) -> Any:
            given = original(scaler, *args, **kwargs)
            scaled(scaler)
            return given

        return update

    def _backward(self, loss: Tensor) -> None:
        pending, steps = self._pending, self._steps
        own = [p for p in pending if p.call.value is loss]
        if not own and pending:  # made of several, or scaled, or cut off above
            place = loss.data_ptr()
            own = [p for p in pending if p.call.value.data_ptr() == place]
            own = own or [p for p in pending if p.entered is None] or pending
        if len(own) < len(pending):
            chosen = {id(p) for p in own}
            self._pending = [p for p in pending if id(p) not in chosen]
            self._settle()
        self._pending = []
        if self._end_evaluation():
            steps.resume()
        loaded = steps.inputs.entered().loaded
        if loaded is not None:
            self._loaders.trained(loaded)
        single = len(own) == len(pending) == 1
        by_hand = call_by_hand(loss) if steps.looking and not own else None
        steps.backward([p.call for p in own], loss, single=single, by_hand=by_hand)
