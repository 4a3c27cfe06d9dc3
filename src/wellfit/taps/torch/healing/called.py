"""The modules that a training calls: their buffers are part of its state."""

from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from wellfit.taps.torch.calm import compiling


class Called:
    """Notes every module that is called, while it listens."""

    def __init__(self) -> None:
        self._modules: WeakSet[nn.Module] = WeakSet()
        self._handle: Any = None

    def listen(self) -> None:
        """Begin to note."""
        if self._handle is None:
            self._handle = register_module_forward_pre_hook(self._note)

    def rest(self) -> None:
        """Note no more, for now."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def __iter__(self) -> Iterator[nn.Module]:
        """Those that are part of no other, as far as they were called."""
        known = list(self._modules)
        inner = {id(part) for m in known for part in m.modules() if part is not m}
        return (module for module in known if id(module) not in inner)

    def _note(self, module: nn.Module, _: Any) -> None:
        if not compiling():
            self._modules.add(module)
