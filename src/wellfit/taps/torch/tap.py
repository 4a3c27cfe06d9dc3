"""The PyTorch tap: every training of this process, seen and left as it is.

A wrapped `backward` and the losses of `torch.nn.functional` tell the objective, hooks
on all optimizers tell the steps, the DataLoader tells where batches come from. Some
steps are looked at in full (`looks.py`); the others cost a few microseconds.
"""

from collections.abc import Callable
from time import perf_counter
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
from wellfit.taps.torch.criteria import CRITERIA, Call, call_of
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
        self._handles: list[Any] = []
        self._sources = Sources()
        self._looks = Looks(overhead=overhead, every=every)
        self._steps = Steps(records, self._looks, self._sources, model)
        self._evaluations = Evaluations(records, self._sources)
        self._pending: list[_Pending] = []
        self._loaders = Loaders()

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self._steps.count

    # -- coming and going ----------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        replace, functional = self._patches.replace, torch.nn.functional
        for name in CRITERIA:
            replace(functional, name, self._criterion_patch(name))
        replace(Tensor, "backward", self._backward_patch)
        for owner in (nn.utils, nn.utils.clip_grad):
            replace(owner, "clip_grad_norm_", self._clip_patch("norm"))
            replace(owner, "clip_grad_value_", self._clip_patch("value"))
        replace(DataLoader, "__iter__", self._loader_patch)
        replace(_BaseDataLoaderIter, "__next__", self._batch_patch)
        replace(torch.jit, "script", self._script_patch)
        self._handles += [
            register_optimizer_step_pre_hook(self._guarded(self._before_step)),
            register_optimizer_step_post_hook(self._guarded(self._after_step)),
        ]
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in PyTorch."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._steps.close()

    def finish(self) -> None:
        """Detach, and record what is still held and what the whole tells."""
        was_on = self._guard.on
        self.detach()
        if not was_on:
            return
        try:
            self._settle()
            self._steps.flush(whole=True)
            self._evaluations.end(self.step)
            self._say_facts()
        except Exception as error:
            self._guard.fail(error)

    def _guarded(self, function: Callable[..., None]) -> Callable[..., None]:
        guarded = self._guard(function)

        def call(*args: Any) -> None:
            if not torch.compiler.is_compiling():
                guarded(*args)

        return call

    def _say_facts(self) -> None:
        steps = self._steps
        if not steps.count:
            return
        steps.say_facts()
        for key, fact in steps.sample.facts(steps.objective.task).items():
            known = steps.inputs.fact() or {}
            self.records.fact(key, {**known, **fact} if key == "inputs" else fact)
        self.records.fact("loaders", self._loaders.fact())

    # -- what is patched -----------------------------------------------------------

    def _criterion_patch(self, name: str) -> Callable[[Any], Any]:
        seen = self._guarded(self._criterion)

        def make(original: Any) -> Any:
            def criterion(*args: Any, **kwargs: Any) -> Any:
                value = original(*args, **kwargs)
                seen(name, args, kwargs, value)
                return value

            return criterion

        return make

    def _backward_patch(self, original: Any) -> Any:
        seen = self._guarded(self._backward)

        def backward(loss: Tensor, *args: Any, **kwargs: Any) -> Any:
            seen(loss)
            return original(loss, *args, **kwargs)

        return backward

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

    def _batch_patch(self, original: Any) -> Any:
        loaded, over = self._guarded(self._loaded), self._guarded(self._exhausted)

        def following(batches: Any) -> Any:
            begun = perf_counter()
            try:
                batch = original(batches)
            except StopIteration:
                over(batches)
                raise
            loaded(batches, perf_counter() - begun)
            return batch

        return following

    def _script_patch(self, original: Any) -> Any:
        def script(*args: Any, **kwargs: Any) -> Any:
            with self._patches.lifted():  # it compiles the sources of what it calls
                return original(*args, **kwargs)

        return script

    # -- data ----------------------------------------------------------------------

    def _loading(self, loader: Any) -> None:
        self._loaders.add(loader)

    def _loaded(self, batches: Any, seconds: float) -> None:
        self._steps.inputs.load(getattr(batches, "_dataset", None))
        self._steps.waited(seconds)

    def _exhausted(self, batches: Any) -> None:
        self._steps.inputs.attend(True)  # what comes now may be an evaluation
        if self._sources.trained_on(Origin(getattr(batches, "_dataset", None))):
            self._steps.end_epoch()

    # -- training and evaluation -----------------------------------------------------

    def _criterion(self, name: str, args: Any, options: Any, value: Any) -> None:
        trained = getattr(value, "requires_grad", False) and torch.is_grad_enabled()
        evaluating = trained and self._steps.models.evaluating()
        if trained and self._steps.skimming and not evaluating:
            return
        call = call_of(name, args, options, value)
        if call is None:
            return
        entered = None
        if evaluating or not trained:  # a backward may never come
            call, entered = call.cut(), self._steps.inputs.entered()
        if entered is not None and not trained:
            self._evaluate(call, entered)
            return
        self._pending.append(_Pending(call, entered))
        if len(self._pending) > MOST_PENDING:
            self._settle()

    def _settle(self) -> None:
        """Calls that no backward followed: evaluation, where the model says so."""
        pending, self._pending = self._pending, []
        for one in pending:
            if one.entered is not None:
                self._evaluate(one.call, one.entered)

    def _evaluate(self, call: Call, entered: Entered) -> None:
        trained = self._steps.criteria
        if not trained or call.criterion in trained:  # else a measure beside it
            self._evaluations.add(call, entered, self.step)

    def _backward(self, loss: Tensor) -> None:
        pending, steps = self._pending, self._steps
        if steps.skimming and not pending and not self._evaluations.going_on:
            steps.skim(loss)
            return
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
        if self._evaluations.end(self.step):
            steps.resume()
        loaded = steps.inputs.entered().loaded
        if loaded is not None:
            self._loaders.trained(loaded)
        steps.backward([p.call for p in own], loss)

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        # The hook is handed the step's own arguments, the optimizer first.
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        self._steps.before(optimizer, closure is not None)

    def _after_step(self, optimizer: Any, *_: Any) -> None:
        self._steps.after(optimizer)
