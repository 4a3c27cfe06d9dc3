"""Edits within an optimizer's step: outside of it all is as the script left it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

Optimizer = torch.optim.Optimizer


def _unknown(optimizer: Optimizer) -> None:
    """No rate is sought."""


@dataclass(kw_only=True, slots=True)
class StepEdits:
    """What is changed in each step of every optimizer."""

    shapes: list[Callable[[int], float]] = field(default_factory=list)  # of the rate
    # Rates that an optimizer is to have, as shares of its own: the first that is known.
    # Shapes are of that; those of the search for it are not shaped.
    sought: Callable[[Optimizer], float | None] = _unknown
    scales: list[Callable[[Optimizer], float | None]] = field(default_factory=list)
    # What is allowed of a group's own rate, where not all is.
    bound: Callable[[dict[str, Any], Any], Any] | None = None
    norm: float | None = None
    momentum: float = 0.0
    decay: float = 0.0
    relaxed: float = 1.0  # the script's own decay, times that
    sparse: float = 0.0
    clears: bool = False
    gained: bool = False  # whether a step was found that had no momentum
    rated: bool = False  # whether one was found that has a rate
    decayed: bool = False  # whether one was found that decays by itself
    _own: list[tuple[dict[str, Any], str, Any, Any]] = field(default_factory=list)
    _counts: "WeakKeyDictionary[Optimizer, int]" = field(
        default_factory=WeakKeyDictionary
    )

    def before(self, optimizer: Optimizer) -> None:
        """The step comes; its gradients may not be there yet, but for a closure."""
        self.put_back()  # a step that failed has not come to its end
        count = self._counts.get(optimizer, 0)
        self._counts[optimizer] = count + 1
        for group in optimizer.param_groups:
            if self.momentum and group.get("momentum") == 0:
                self.gained = True
                self._set(group, "momentum", self.momentum)
            self._scale(optimizer, group, count)
            if self.relaxed < 1 and group.get("weight_decay", 0) > 0:
                self.decayed = True
                self._set(group, "weight_decay", group["weight_decay"] * self.relaxed)

    def ready(self, optimizer: Optimizer) -> None:
        """Its gradients are there, and the step is to be taken."""
        if self.norm is not None:
            clip(optimizer, self.norm)
        if self.decay:
            for group in optimizer.param_groups:
                shrink(group, self.decay)

    def _scale(self, optimizer: Optimizer, group: dict[str, Any], count: int) -> None:
        rate = group.get("lr")
        if rate is None:
            return
        self.rated = True
        sought = self.sought(optimizer)
        if sought is not None:
            self._set(group, "lr", rate * sought)
            return
        bounded = rate if self.bound is None else self.bound(group, rate)
        if self.shapes or self.scales:
            scaled = bounded
            for shape in self.shapes:
                scaled = scaled * shape(count)
            known = (scale(optimizer) for scale in self.scales)
            scaled = scaled * next((k for k in known if k is not None), 1.0)
            self._set(group, "lr", scaled)
        elif bounded is not rate:
            self._set(group, "lr", bounded)

    def _set(self, group: dict[str, Any], name: str, value: Any) -> None:
        self._own.append((group, name, group[name], value))
        group[name] = value

    def after(self, optimizer: Optimizer) -> None:
        """The step is done."""
        if self.sparse:
            for group in optimizer.param_groups:
                shorten(group, self.sparse)
        self.put_back()
        if self.clears:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None

    def put_back(self) -> None:
        """The script's own settings, where it has not set others since."""
        while self._own:
            group, name, own, value = self._own.pop()
            if group.get(name) is value:
                group[name] = own


def clip(optimizer: Optimizer, norm: float) -> None:
    """Shorten the gradients of all its parameters to that global norm (L2) at most."""
    trained = [
        p
        for group in optimizer.param_groups
        for p in group["params"]
        if p.grad is not None
    ]
    gradients: list[Tensor] = [p.grad for p in trained if p.grad is not None]
    if gradients:
        total = torch.nn.utils.get_total_norm(gradients)
        torch.nn.utils.clip_grads_with_norm_(trained, norm, total)


@torch.no_grad()
def shrink(group: dict[str, Any], decay: float) -> None:
    """Decay a group's weights, apart from their gradients.

    Loshchilov and Hutter (2019), Decoupled weight decay regularization.
    """
    weights = [p for p in group["params"] if p.grad is not None and p.ndim > 1]
    for weight in weights:
        weight.mul_(1 - group.get("lr", 1.0) * decay)


@torch.no_grad()
def shorten(group: dict[str, Any], rate: float) -> None:
    """Take that times the learning rate off the size of each weight, down to 0.

    The proximal step of an L1 penalty: Tibshirani (1996), Regression shrinkage and
    selection via the lasso; Beck and Teboulle (2009), equation 2.6.
    """
    weights = [p for p in group["params"] if p.grad is not None and p.ndim > 1]
    for weight in weights:
        length = (weight.abs() - group.get("lr", 1.0) * rate).clamp_min(0)
        weight.copy_(weight.sign() * length)
