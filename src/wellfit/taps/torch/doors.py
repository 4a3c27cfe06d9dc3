"""Who enters and leaves the modules: one function around all calls, while it is needed.

Hooks would stand on the modules themselves: they would be copied and pickled with a
model, be warned of by `torch.compile`, and slow every call down. This stands on the
class, for as long as somebody listens, and knows the modules by their identity.

To change a class makes Python forget what it knew of it and of all classes below it,
and learn it anew over the next fifty calls. That costs as much as some hundreds of
calls through a door at which nobody listens, so the door stays for about as many: then
coming back too early, or staying too long, costs at most twice of what was to be paid.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard
from wellfit.taps.torch.calm import compiling

Entered = Callable[[Any, Any], None]  # of a call's arguments
Left = Callable[[Any, Any], None]  # of a call's positional arguments, and its output

CALL = 3e-6  # seconds that a call through an idle door costs, which no cache holds
FORGOTTEN = 13.0  # times what it takes to come: to leave too, and to learn all anew.
# On an MLP of three modules it takes 42 µs to come, and a pair costs its steps 557 µs.


class Glance:
    """Who enters some modules next: a hook on all modules, until the first call of one.

    Much cheaper than to stand at the doors, where it is for one call; but it is told of
    no arguments by keyword, and compiled code would be compiled anew.
    """

    def __init__(self, guard: Guard) -> None:
        self._hook = guard(self._see)
        self._keys: set[int] = set()
        self._entered: Entered | None = None
        self._handle: Any = None

    def take(self, keys: set[int], entered: Entered) -> None:
        """Tell `entered` of the next call of a module with one of these ids."""
        self._keys, self._entered = keys, entered
        if self._handle is None:
            self._handle = register_module_forward_pre_hook(self._hook)

    def _see(self, module: nn.Module, args: Any) -> None:
        if compiling() or id(module) not in self._keys:
            return
        entered = self._entered
        self.end()
        if entered is not None:
            entered(args, {})

    def end(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.remove()
        self._handle = self._entered = None


class Doors:
    """Listeners at the calls of modules.

    `note` is told of every module that is called; `entered` and `left` of those whose
    `id` they hold. `update` is to be called after any of them was changed.
    """

    def __init__(self, guard: Guard) -> None:
        self.note: Callable[[nn.Module], None] | None = None
        self.entered: dict[int, Entered] = {}
        self.left: dict[int, Left] = {}
        self.cost = 0.0  # seconds that coming and leaving cost, since it was last asked
        self._guard = guard
        self._patches = Patches()
        self._standing = False
        self._wanted = False
        self.pinned = False  # they stay for good
        self.glance = Glance(guard)
        self._came = float("inf")  # seconds that it takes to stand there
        self._stays = 0  # so many calls more, with nobody listening

    def update(self) -> None:
        """Stand at the doors if anybody listens, else leave them before long."""
        self._wanted = bool(self.note or self.entered or self.left or self.pinned)
        if self._wanted and not self._standing:
            begun = perf_counter()
            self._patches.replace(nn.Module, "__call__", self._patch)
            self._came = min(self._came, perf_counter() - begun)
            self._standing = True
            self.cost += 2 * FORGOTTEN * self._came  # and as much for staying on
        if not self._wanted and self._standing:
            self._stays = round(FORGOTTEN * self._came / CALL)

    def pin(self) -> None:
        """Stay, heard or not: at each change compiled code would be compiled anew."""
        self.pinned = True
        self.update()

    def close(self) -> None:
        """Leave the doors for good."""
        self.glance.end()
        self.note, self.pinned = None, False
        self.entered, self.left = {}, {}
        self.update()
        self._go()

    def _go(self) -> None:
        self._patches.restore()
        self._standing = False

    def _patch(self, original: Any) -> Any:
        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if compiling():
                return original(module, *args, **kwargs)
            if not self._wanted:
                self._stays -= 1
                if self._stays < 0:
                    self._go()
                return original(module, *args, **kwargs)
            key = id(module)
            if self.note is not None or key in self.entered:
                try:
                    self._enter(module, args, kwargs)
                except Exception as error:
                    self._guard.fail(error)
            output = original(module, *args, **kwargs)
            if key in self.left:
                try:
                    self._leave(key, args, output)
                except Exception as error:
                    self._guard.fail(error)
            return output

        return call

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if self.note is not None:
            self.note(module)
        entered = self.entered.get(id(module))
        if entered is not None:
            entered(args, kwargs)

    def _leave(self, key: int, args: Any, output: Any) -> None:
        if torch.is_grad_enabled() and torch._C._get_tracing_state() is None:
            self.left[key](args, output)


def usual(value: Any) -> bool:
    """Whether it is a tensor that can be read now: no transform's, nor nested."""
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not torch._C._functorch.is_functorch_wrapped_tensor(value)
    )
