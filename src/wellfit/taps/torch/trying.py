"""The tap of `wellfit check`: tries a training's first step out, and soon ends it.

It stands beside the tap that watches. What it tries, it tries on copies: of weights, of
the batch, of random states. The script then goes on for some steps, so that what a step
takes is known, and is stopped.
"""

import math
import resource
import sys
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, attached, enter, hushed, leave
from wellfit.taps.torch.calm import compiling
from wellfit.taps.torch.experiments.calls import Calls, ModelCall
from wellfit.taps.torch.experiments.gradient import JITTER, SCALE, check_gradient
from wellfit.taps.torch.experiments.loops import loops_around
from wellfit.taps.torch.experiments.models import leak, repeatable, unread
from wellfit.taps.torch.experiments.one_batch import overfit
from wellfit.taps.torch.experiments.randomness import borrowed
from wellfit.taps.torch.experiments.shapes import each_with_each, rows_of
from wellfit.taps.torch.tape import Recording, Tape

STEPS = 24  # optimizer steps that are seen, where time allows
TRAINING = 0.5  # of the time that is left is for them, at most
SHARES = {"gradient": 0.2, "batch": 0.2}  # of what is left, for those that go on
LONGEST = 120  # characters of an error that are said
OPTIMIZERS = 2  # whose first steps are tried
WELLFIT = str(Path(__file__).parent.parent.parent)


class TryingTap:
    """Tries out the first step of a training, and calls `enough` soon after.

    `budget` is in seconds, from the start of the process on.
    """

    framework = "torch"

    def __init__(
        self,
        records: Records,
        *,
        overhead: float = 0.02,
        every: int | None = None,
        budget: float = 60.0,
        enough: Callable[[], None] | None = None,
    ) -> None:
        self.records = records
        self.step = 0
        self._guard = Guard(self)
        self._patches = Patches()
        self._recording = Recording(self._guard(self._taped))
        self._calls = Calls()
        self._tapes: list[Tape] = []
        self._tried: weakref.WeakSet[torch.optim.Optimizer] = weakref.WeakSet()
        self._trials = 0  # of optimizers, some of which may be gone by now
        self._optimizers: weakref.WeakSet[torch.optim.Optimizer] = weakref.WeakSet()
        self._hook: Any = None
        self._enough = enough
        self._eager = False  # what the script compiles is run uncompiled
        self._until = perf_counter() + budget
        self._ends: list[float] = []  # when steps were done, none of them tried out
        self._seen_until = self._until  # steps are, and no longer
        self._waiting: dict[int, str] = {}  # parameters that had no gradient yet
        self._facts: dict[str, Any] = {}

    def attach(self) -> None:
        """Begin."""
        for owner in (torch, nn.Module):
            self._patches.replace(owner, "compile", self._compile_patch)
        self._patches.put(
            torch.autograd.Function, "apply", classmethod(self._apply_patch())
        )
        self._recording.__enter__()  # type: ignore[no-untyped-call]
        self._calls.listen()
        self._hook = register_optimizer_step_post_hook(self._guard(self._stepped))
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop; nothing stays behind but a mode that lets everything pass."""
        self._guard.on = self._recording.on = self._calls.on = False
        mode = torch.overrides._get_current_function_mode()  # type: ignore[no-untyped-call]
        if mode is self._recording:
            self._recording.__exit__(None, None, None)
        self._calls.close()
        if self._eager:
            torch.compiler.set_stance("default")
        if self._hook is not None:
            self._hook.remove()
            self._hook = None
        self._patches.restore()
        leave(self)

    def finish(self) -> None:
        """Detach, and record what was found."""
        was_on = self._guard.on
        self.detach()
        if was_on and self.step:
            self._facts["dry_run"] = self._dry_run()
            self._facts["unreached"] = self._unreached()
            for name, fact in self._facts.items():
                self.records.fact(name, fact)

    def _compile_patch(self, original: Any) -> Any:
        def compile_(*args: Any, **kwargs: Any) -> Any:
            self._eager = True
            torch.compiler.set_stance("force_eager")  # compiled code hides its calls
            return original(*args, **kwargs)

        return compile_

    def _apply_patch(self) -> Callable[..., Any]:
        original = vars(torch.autograd.Function)["apply"].__func__
        recording = self._recording

        def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
            applied = partial(original, cls)
            if not recording.on or compiling() or not torch.is_grad_enabled():
                return applied(*args, **kwargs)
            return recording.noted(applied, args, kwargs, cls)

        return apply

    # -- steps -------------------------------------------------------------------------

    def _taped(self, tape: Tape) -> None:
        self._tapes.append(tape)
        del self._tapes[:-8]  # of several passes a step, or of none

    def _stepped(self, optimizer: torch.optim.Optimizer, _: Any, __: Any) -> None:
        self._optimizers.add(optimizer)
        self._met(optimizer)
        if optimizer not in self._tried and self._recording.on:
            first = self._trials == 0
            self._tried.add(optimizer)
            self._trials += 1
            with hushed():
                self._on(False)
                self._try(optimizer, first=first)
                self._on(True)
            self._ends.clear()
            now = perf_counter()
            self._seen_until = now + TRAINING * (self._until - now)
        self._tapes.clear()
        self._calls.outermost.clear()
        if self.step or self._trials == OPTIMIZERS:
            self._recording.on = False
        self.step += 1
        self._ends.append(perf_counter())
        if self.step >= STEPS or self._ends[-1] > self._seen_until:
            self._stop()

    def _on(self, on: bool) -> None:
        self._recording.on = self._calls.on = on

    def _stop(self) -> None:
        if self._enough is not None:
            self._enough()

    def _met(self, optimizer: torch.optim.Optimizer) -> None:
        """Which parameters have had a gradient by now?"""
        names = self._names()
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                key = id(parameter)
                if not parameter.requires_grad or not parameter.numel():
                    continue
                name = names.get(key, f"a tensor of shape {list(parameter.shape)}")
                known = self._waiting.setdefault(key, name)
                if known and parameter.grad is not None:
                    self._waiting[key] = ""

    def _names(self) -> dict[int, str]:
        from wellfit.taps.torch.tap import TorchTap

        taps = (t for t in attached() if isinstance(t, TorchTap))
        known = [(n, p) for tap in taps for n, p in tap.parameters.items()]
        for call in self._calls.outermost:  # of models that are trained later
            kind = type(call.model).__name__
            known += [(f"{kind}.{n}", p) for n, p in call.model.named_parameters()]
        return {id(parameter): name for name, parameter in reversed(known)}

    # -- what is tried -----------------------------------------------------------------

    def _try(self, optimizer: torch.optim.Optimizer, *, first: bool) -> None:
        mine = {id(p) for group in optimizer.param_groups for p in group["params"]}
        tape = self._tape_of(mine)
        if first:
            self._facts["dry_run"] = {"memory": _memory(optimizer)}
            self._facts["loops"] = loops_around(sys._getframe(), WELLFIT)
        self._say("gradient_check", self._gradient, tape)
        if tape is not None and (pairs := each_with_each(tape)):
            self._facts.setdefault("each_with_each", []).extend(pairs)
        if not first:
            return
        self._say("overfit_batch", self._overfit, tape, mine)
        calls = self._models(mine)
        self._say("repeatable", _of_one(repeatable), calls)
        self._say("batch_leak", _leak, calls, rows_of(tape))
        self._say("inputs_read", self._unread, calls)

    def _say(self, name: str, trial: Callable[..., Any], *given: Any) -> None:
        """Try, and keep what was found or, where it could not be tried, why."""
        try:
            fact = trial(*given)
        except Exception as error:
            kind = "" if isinstance(error, LookupError) else f"{type(error).__name__}: "
            fact = {"reason": f"{kind}{_short(error)}"}
        if name == "gradient_check" and name in self._facts:
            fact = _joined(self._facts[name], fact)
        self._facts[name] = fact
        self.records.fact(name, fact)

    def _tape_of(self, mine: set[int]) -> Tape | None:
        """Of the backward passes since the last step, the last that reaches these."""
        for tape in reversed(self._tapes):
            if any(key[0] in mine for key in tape.leaves):
                return tape
        return None

    def _left(self, part: str) -> float:
        return max(SHARES[part] * (self._until - perf_counter()), 0.5)

    def _gradient(self, tape: Tape | None) -> Any:
        whole = _whole(tape)
        said, _ = check_gradient(whole, self._names(), seconds=self._left("gradient"))
        return said

    def _overfit(self, tape: Tape | None, mine: set[int]) -> Any:
        whole = _whole(tape)
        if len(mine) == 1:  # an optimizer for each parameter
            parameters = (t for t in whole.leaves.values() if type(t) is nn.Parameter)
            mine = mine | {id(parameter) for parameter in parameters}
        fact = overfit(whole, mine, seconds=self._left("batch"))
        seen = whole.value
        return {**fact, "seen": seen}

    def _models(self, mine: set[int]) -> list[ModelCall]:
        """The calls of models that the optimizer trains."""
        return [
            call
            for call in self._calls.outermost
            if any(id(p) in mine for p in call.model.parameters())
        ]

    def _unread(self, calls: list[ModelCall]) -> Any:
        found = unread(_one(calls), _shaken)
        if found is None:
            raise LookupError("the batch is not of numbers in rows")
        return found

    # -- in the end --------------------------------------------------------------------

    def _dry_run(self) -> dict[str, Any]:
        """What a step takes, in seconds; the memory it took was read at the first."""
        apart = sorted(b - a for a, b in zip(self._ends, self._ends[1:], strict=False))
        middle = apart[len(apart) // 2] if apart else None
        known = self._facts.get("dry_run", {})
        return {
            **known,
            "step_seconds": middle,
            "steps_seen": self.step,
            "optimizers": len(self._optimizers),
            "loops": self._facts.pop("loops", []),
        }

    def _unreached(self) -> dict[str, Any]:
        """Parameters of an optimizer that had no gradient at any step seen.

        `detached` were used by the model, `unused` were not.
        """
        names = {key: name for key, name in self._waiting.items() if name}
        return {
            "detached": [n for key, n in names.items() if key in self._calls.used],
            "unused": [n for key, n in names.items() if key not in self._calls.used],
            "of": len(self._waiting),
            "steps": self.step,
        }


def _short(error: Exception) -> str:
    """The beginning of its first line."""
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _whole(tape: Tape | None) -> Tape:
    if tape is None:
        raise LookupError("no backward pass to these parameters was seen")
    if tape.broken is not None:
        raise LookupError(tape.broken)
    try:
        with borrowed(0), torch.no_grad():
            again = float(tape.play({}, dtype=torch.float64))
    except Exception as error:
        raise LookupError(
            "the way to the loss cannot be gone again in double precision "
            f"({_short(error)})"
        ) from error
    # Draws differ, and so may the precision; what is another loss is no such thing.
    if not math.isfinite(again):
        raise LookupError("the loss is not finite")
    return tape


def _one(calls: list[ModelCall]) -> ModelCall:
    if not calls:
        raise LookupError(
            "no call of a model was seen: it is no module, or is compiled"
        )
    return calls[-1]


def _leak(calls: list[ModelCall], rows: int | None) -> Any:
    return leak(_one(calls), rows)


def _of_one(trial: Callable[[ModelCall], Any]) -> Callable[[list[ModelCall]], Any]:
    return lambda calls: trial(_one(calls))


def _shaken(model: nn.Module) -> None:
    """Move the weights a little: what begins at zero then lets something through."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.is_floating_point():
                scale = max(
                    float(weights.norm()) / max(weights.numel(), 1) ** 0.5, SCALE
                )
                noise = torch.randn(weights.shape, generator=generator).to(weights)
                weights.add_(10 * JITTER * scale * noise)


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The gradients of two optimizers' steps, as one fact."""
    if "parameters" not in other:
        return one
    if "parameters" not in one:
        return other
    lists = ("parameters", "functions")
    return {
        **one,
        **{k: one[k] + other[k] for k in lists},
        "of": one["of"] + other["of"],
    }


def _memory(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Bytes at the first step's end: at most, and of what the optimizer keeps."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    state = sum(
        value.numel() * value.element_size()
        for kept in optimizer.state.values()
        for value in kept.values()
        if isinstance(value, Tensor)
    )
    on_device = None
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        on_device = torch.cuda.max_memory_allocated()
    factor = 1 if sys.platform == "darwin" else 1024
    return {"process": peak * factor, "optimizer": state, "device": on_device}
