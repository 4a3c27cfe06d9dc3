"""Calls of whole models: noted as they come, and made again on copies."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _global_forward_hooks_with_kwargs as with_keywords
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.utils import _pytree as tree

from wellfit.taps.torch.calm import compiling

MOST_NOTED = 64  # outermost calls between two steps


@dataclass(slots=True, eq=False)
class ModelCall:
    """A call of a model in training, from outside of any other."""

    model: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any

    def copied(self) -> nn.Module:
        """A copy of the model; raises where it cannot be copied."""
        model = getattr(self.model, "_orig_mod", self.model)  # of torch.compile
        with torch.no_grad():
            made: nn.Module = copy.deepcopy(model)
        return made

    def again(self, model: nn.Module, batch: Tensor | None = None) -> list[Tensor]:
        """What that model makes of the same arguments; `batch` replaces the first."""
        flat, form = tree.tree_flatten((self.args, self.kwargs))
        first = self.place
        flat = [x.detach().clone() if isinstance(x, Tensor) else x for x in flat]
        if batch is not None and first is not None:
            flat[first] = batch
        args, kwargs = tree.tree_unflatten(flat, form)
        return list(tensors_of(model(*args, **kwargs)))

    @property
    def place(self) -> int | None:
        """Where the batch stands among the flattened arguments: the first tensor."""
        flat = tree.tree_leaves((self.args, self.kwargs))
        places = (n for n, x in enumerate(flat) if isinstance(x, Tensor) and x.ndim)
        return next(places, None)

    @property
    def batch(self) -> Tensor | None:
        """The first tensor that it was given."""
        if self.place is None:
            return None
        found: Tensor = tree.tree_leaves((self.args, self.kwargs))[self.place]
        return found

    @property
    def others(self) -> list[Tensor]:
        """The tensors that it was given besides."""
        flat = tree.tree_leaves((self.args, self.kwargs))
        return [
            x for n, x in enumerate(flat) if isinstance(x, Tensor) and n != self.place
        ]


def tensors_of(output: Any) -> Iterator[Tensor]:
    """The tensors of floating point in what a model returned, in order."""
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from tensors_of(value)
    elif isinstance(output, (tuple, list)):
        for value in output:
            yield from tensors_of(value)
    elif hasattr(output, "__dataclass_fields__"):
        for name in output.__dataclass_fields__:
            yield from tensors_of(getattr(output, name))


class Calls:
    """Notes which modules are called in training, and the outermost calls."""

    def __init__(self) -> None:
        self.on = True
        self.used: set[int] = set()  # ids of parameters whose module was called
        self.outermost: list[ModelCall] = []
        self._inside: list[int] = []
        self._handles: list[Any] = []

    def listen(self) -> None:
        """Begin to note."""
        self._handles = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, with_kwargs=True),
        ]

    def close(self) -> None:
        """Note no more."""
        for handle in self._handles:
            handle.remove()
            # What says that a hook takes keywords stays behind in PyTorch 2.13.
            with_keywords.pop(handle.id, None)
        self._handles = []
        self.outermost = []

    def _enter(self, module: nn.Module, _: Any) -> None:
        if self.on and not compiling():
            self._inside.append(id(module))

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if not self.on or compiling() or id(module) not in self._inside:
            return
        while self._inside.pop() != id(module):
            pass  # of a call that raised
        if not module.training and not torch.is_grad_enabled():
            return  # an evaluation
        self.used.update(id(p) for p in module.parameters(recurse=False))
        if self._inside or not torch.is_grad_enabled():
            return
        if next(module.parameters(), None) is not None:
            self.outermost.append(ModelCall(module, args, kwargs, output))
            del self.outermost[:-MOST_NOTED]
