"""The steps between looks: a microsecond or two each, and nothing held.

These wrappers stand on the path of every step of every training, so they are written
flat: one object of slots, no call of ours where none is needed. Whatever is out of the
ordinary leaves them for the function `seen`, which is guarded.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.patches import Patches

Seen = Callable[..., None]
CACHE = 1 << 21  # bytes: a processor's second-level cache is rarely larger

# Dynamo takes this for True while it traces, and drops what is of ours from the graph.
compiling = torch.compiler.is_dynamo_compiling


class Calm:
    """What is taken of steps that are not looked at, until it is flushed.

    `on` while such steps are taken; `left` of them until the next one that is seen.
    `losses` are of backward passes, as numbers or (of other devices) tensors; `ends`
    has their number at the end of each step, and `times` the time. While it is `asleep`
    nobody watches backward passes and `zero_grad`: losses are taken from the criterion.
    Where its next call `scores`, its outputs are taken too. `source` is the `id` of the
    data set that is trained on.
    """

    __slots__ = (
        "asleep",
        "batch",
        "data",
        "ends",
        "left",
        "losses",
        "on",
        "optimizer",
        "rate",
        "rates",
        "root",
        "scores",
        "source",
        "take",
        "times",
        "waited",
    )

    def __init__(self) -> None:
        self.on = self.asleep = self.scores = False
        self.left = 0
        self.losses: list[Any] = []
        self.ends: list[int] = []
        self.times: list[float] = []
        self.rates: list[tuple[int, Any]] = []  # place in `ends`, what it became
        self.rate: Any = None
        self.optimizer = 0  # its `id`: it is not kept alive
        self.root: nn.Module | None = None
        self.take: Callable[[Tensor], Any] = Tensor.detach
        self.batch: Tensor | None = None  # that entered a model, unused yet
        self.data: object | None = None  # its data set, where it was loaded
        self.source = 0
        self.waited = 0.0  # seconds, for batches

    def begin(self, optimizer: torch.optim.Optimizer, root: nn.Module | None) -> bool:
        """The next step is calm, if it is one of a known model."""
        self.optimizer = id(optimizer)
        self.root = root
        self.rate = optimizer.param_groups[0]["lr"]
        self.on = root is not None
        return self.on

    def end(self) -> None:
        """Hand over what was taken, and take no more."""
        self.on = self.asleep = False
        self.losses, self.ends, self.times, self.rates = [], [], [], []
        self.root = None


class Naps:
    """Patches and hooks on what every step calls, gone for long stretches of calm.

    A function of ours costs microseconds in a training, where it is never in a cache.
    """

    def __init__(self) -> None:
        self._watched: list[tuple[Any, str, Callable[[Any], Any]]] = []
        self._patches = Patches()
        self._hooked: list[tuple[Callable[[Any], Any], Any]] = []
        self._handles: list[Any] = []

    def hook(self, register: Callable[[Any], Any], hook: Any) -> None:
        """Register a hook, between naps."""
        self._hooked.append((register, hook))
        self._handles.append(register(hook))

    def watch(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put `make(original)` in the place of `owner.name`, between naps."""
        self._watched.append((owner, name, make))
        self._patches.replace(owner, name, make)

    def begin(self) -> bool:
        """Put the originals back; not where somebody patched over us."""
        if not self._patches.outermost:
            return False
        self._patches.restore()
        self._remove()
        return True

    def _remove(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def end(self) -> None:
        """Watch again."""
        for owner, name, make in self._watched:
            self._patches.replace(owner, name, make)
        self._handles += [register(hook) for register, hook in self._hooked]

    def close(self) -> None:
        """Watch no more; hooks are left to `unhook`."""
        self._watched.clear()
        self._patches.restore()

    def unhook(self) -> None:
        """Remove the hooks for good: not while PyTorch goes through its table."""
        self._hooked.clear()
        self._remove()


def watched_criterion(
    original: Any, name: str, calm: Calm, seen: Seen, scored: Seen
) -> Callable[..., Any]:
    """A loss of `torch.nn.functional` that tells of its calls."""

    def criterion(*args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        if compiling():
            return value
        if calm.on and getattr(value, "requires_grad", False):
            root = calm.root
            if root is not None and root.training:
                if calm.asleep:
                    try:
                        calm.losses.append(calm.take(value))
                        calm.data = calm.batch = None
                    except Exception:  # not one number, as it was until now
                        calm.on = False
                if calm.on:
                    if calm.scores:
                        calm.scores = False
                        scored(name, args, kwargs, value)
                    return value
        seen(name, args, kwargs, value)
        return value

    return criterion


def watched_backward(
    original: Any, calm: Calm, seen: Seen, failed: Seen
) -> Callable[..., Any]:
    """`Tensor.backward`, of which each call tells a loss; one that fails does not."""

    def backward(loss: Tensor, *args: Any, **kwargs: Any) -> Any:
        if compiling():
            pass
        elif calm.asleep:
            pass  # a reference to this function, which somebody kept
        elif calm.on:
            try:
                calm.losses.append(calm.take(loss))
                calm.data = None
            except Exception:  # not one number: nothing that a calm step has
                calm.on = False
                seen(loss)
        else:
            seen(loss)
        try:
            return original(loss, *args, **kwargs)
        except BaseException:
            if calm.on:
                if not calm.asleep:
                    del calm.losses[-1:]
            else:
                failed()
            raise

    return backward


def watched_step(calm: Calm, seen: Seen) -> Callable[..., None]:
    """A hook for after an optimizer's step."""

    def after(optimizer: torch.optim.Optimizer, _: Any, __: Any) -> None:
        if compiling():
            return
        if calm.on and calm.optimizer == id(optimizer):
            calm.ends.append(len(calm.losses))
            calm.times.append(perf_counter())
            rate = optimizer.param_groups[0]["lr"]
            if rate is not calm.rate:
                calm.rate = rate
                calm.rates.append((len(calm.ends) - 1, rate))
            calm.left -= 1
            if calm.left > 0:
                return
        seen(optimizer)

    return after


def coming_step(calm: Calm, seen: Seen) -> Callable[..., None]:
    """A hook for before an optimizer's step, which is handed its own arguments."""

    def before(optimizer: Any, args: Any, kwargs: Any) -> None:
        if not calm.on and not compiling():
            closure = args[1] if len(args) > 1 else kwargs.get("closure")
            seen(optimizer, closure=callable(closure))

    return before


def watched_zero(original: Any, calm: Calm, seen: Seen) -> Callable[..., Any]:
    """An optimizer's `zero_grad`: what was not stepped until now never will be."""

    def zero_grad(optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
        given = original(optimizer, *args, **kwargs)
        if compiling():
            return given
        if not calm.on:
            seen(optimizer)
        elif calm.optimizer == id(optimizer) and not calm.asleep:
            stepped = calm.ends[-1] if calm.ends else 0
            if len(calm.losses) > stepped:
                del calm.losses[stepped:]
        return given

    return zero_grad


def watched_next(original: Any, calm: Calm, over: Seen) -> Callable[..., Any]:
    """A DataLoader's `__next__`, which tells how long it took and whose batch it is."""

    def following(batches: Any) -> Any:
        if calm.asleep and id(getattr(batches, "_dataset", None)) == calm.source:
            try:
                return original(batches)
            except StopIteration:
                over(batches)
                raise
        begun = perf_counter()
        try:
            batch = original(batches)
        except StopIteration:
            over(batches)
            raise
        calm.waited += perf_counter() - begun
        calm.data = getattr(batches, "_dataset", None)
        return batch

    return following


def cost() -> float:
    """Seconds that a calm step costs here: the wrappers around nothing, timed.

    In a training each of them finds the caches full of other things; so it does here.
    """
    # Stand-ins: a real model would draw its weights, a real optimizer hook its class.
    calm, model = Calm(), nn.Identity()
    optimizer: Any = SimpleNamespace(param_groups=[{"lr": 1.0}])
    loss = torch.zeros((), requires_grad=True)
    batches = iter(range(1 << 20))
    ways: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (watched_next(next, calm, _nothing), (batches,)),
        (watched_criterion(_first, "", calm, _nothing, _nothing), (loss,)),
        (watched_backward(_nothing, calm, _nothing, _nothing), (loss,)),
        (watched_step(calm, _nothing), (optimizer, (), {})),
        (watched_zero(_nothing, calm, _nothing), (optimizer,)),
    ]
    calm.take = Tensor.item
    calm.begin(optimizer, model)
    other = bytes(CACHE)
    seconds = []
    for _ in range(7):
        spent = 0.0
        for function, args in ways:
            other.find(1)  # reads all of it
            begun = perf_counter()
            function(*args)
            spent += perf_counter() - begun
        seconds.append(spent)
    return median(seconds)


def _nothing(*_: Any) -> None:
    pass


def _first(value: Any) -> Any:
    return value
