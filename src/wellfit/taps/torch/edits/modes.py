"""The mode that a model is in when it is called: that of what is done."""

from typing import Any

import torch
from torch import nn

Optimizer = torch.optim.Optimizer


class Modes:
    """Puts models into `eval()` while gradients are off, and into `train()` to train.

    A pass with gradients in `eval()` may be an evaluation that turns them off nowhere:
    not before a step was taken by such a pass is it told from it.
    """

    def __init__(self) -> None:
        self.fixed = False
        self._models: list[nn.Module] = []
        self._handles: list[Any] = []
        self._own: dict[nn.Module, list[tuple[nn.Module, bool]]] = {}
        self._latest: dict[nn.Module, bool] = {}  # of a pass with gradients: its mode
        self._trained: set[nn.Module] = set()  # in `eval()`, as they were found

    def meet(self, model: nn.Module) -> int:
        """A model is about to be called for the first time."""
        self._models.append(model)
        self._handles.append(model.register_forward_pre_hook(self._enter))
        return 1

    def _enter(self, model: nn.Module, _: Any) -> None:
        if torch.compiler.is_compiling():
            return
        if not torch.is_grad_enabled():
            if model.training:
                self._own[model] = [(m, m.training) for m in model.modules()]
                model.eval()
                self.fixed = True
            return
        for module, training in self._own.pop(model, ()):
            module.training = training
        if model in self._trained and not model.training:
            model.train()
        self._latest[model] = model.training

    def taken(self, optimizer: Optimizer) -> None:
        """A step was taken: in which mode was its pass?"""
        stepped = {id(p) for group in optimizer.param_groups for p in group["params"]}
        for model in self._models:
            if model in self._trained or self._latest.pop(model, True):
                continue
            if any(id(p) in stepped for p in model.parameters()):
                self._trained.add(model)
                self.fixed = True

    def close(self) -> None:
        """Leave modes alone."""
        while self._handles:
            self._handles.pop().remove()
        self._own.clear()
