"""Parameters that nobody trains, which are trained."""

from typing import Any
from weakref import WeakSet

import torch
from torch import nn

Optimizer = torch.optim.Optimizer


class Thawed:
    """Parameters of the models that need no gradient, or that no optimizer was given.

    They join the optimizer of the model's others, in its first group.
    """

    def __init__(self) -> None:
        self.found = False
        self._models: list[nn.Module] = []
        self._optimizers: WeakSet[Optimizer] = WeakSet()

    def adding(self, original: Any) -> Any:
        """`add_param_group`, by which every optimizer is made: it is one to know."""

        def add(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            self._optimizers.add(optimizer)
            return original(optimizer, *args, **kwargs)

        return add

    def meet(self, model: nn.Module) -> int:
        """A model is about to be called for the first time."""
        self._models.append(model)
        for parameter in model.parameters():
            if not parameter.requires_grad and parameter.is_floating_point():
                parameter.requires_grad_(True)
                self.found = True
        return 0

    def join(self, optimizer: Optimizer) -> None:
        """Have it train what no optimizer trains, of the models that it does."""
        self._optimizers.add(optimizer)
        stepped = _ids(optimizer)
        held = set().union(*map(_ids, self._optimizers))
        for model in list(self._models):
            if not any(id(p) in stepped for p in model.parameters()):
                continue
            self._models.remove(model)
            left = [p for p in model.parameters() if id(p) not in held]
            self.found |= bool(left)
            optimizer.param_groups[0]["params"].extend(left)


def _ids(optimizer: Optimizer) -> set[int]:
    return {id(p) for group in optimizer.param_groups for p in group["params"]}
