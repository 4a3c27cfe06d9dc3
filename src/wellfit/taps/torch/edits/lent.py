"""Gradients that a step gets in the place of its own, which come back after it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

Optimizer = torch.optim.Optimizer


def graded(optimizer: Optimizer) -> Iterator[Tensor]:
    """Its parameters that have a gradient."""
    for group in optimizer.param_groups:
        yield from (p for p in group["params"] if p.grad is not None)


def given_closure(
    args: tuple[Any, ...], kwargs: dict[str, Any], then: Callable[[], None]
) -> tuple[Any, Any] | None:
    """The arguments of a step, whose closure calls `then` once it has come back.

    Once a step: what finds its way by many calls is told of the first. None where there
    is no closure: the gradients are there already.
    """
    closure = args[1] if len(args) > 1 else kwargs.get("closure")
    if not callable(closure):
        return None
    told = False

    def called() -> Any:
        nonlocal told
        loss = closure()
        if not told:
            told = True
            then()
        return loss

    if len(args) > 1:
        return (args[0], called, *args[2:]), kwargs
    return args, {**kwargs, "closure": called}


class Lent:
    """What is lent to the step that goes on; without a gradient it changes nothing.

    PyTorch's optimizers pass over a parameter that has none, and its state. All is as
    it was before any other hook on the end of the step is called.
    """

    def __init__(self) -> None:
        self._own: list[tuple[Tensor, Tensor | None]] = []
        self._hooks: WeakKeyDictionary[Optimizer, Any] = WeakKeyDictionary()

    def give(
        self, optimizer: Optimizer, gradients: Mapping[Tensor, Tensor] | None = None
    ) -> None:
        """Let its parameters have these gradients, and the others none."""
        if optimizer not in self._hooks:
            hook = optimizer.register_step_post_hook(self._end)
            self._hooks[optimizer] = hook
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                self._own.append((parameter, parameter.grad))
                parameter.grad = (gradients or {}).get(parameter)

    def _end(self, *_: Any) -> None:
        self.put_back()

    def put_back(self) -> None:
        """Each parameter has its own gradient again."""
        while self._own:
            parameter, own = self._own.pop()
            parameter.grad = own

    def close(self) -> None:
        """Lend no more."""
        self.put_back()
        for hook in self._hooks.values():
            hook.remove()
        self._hooks.clear()
