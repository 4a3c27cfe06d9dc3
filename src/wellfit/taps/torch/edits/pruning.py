"""The smallest weights, set to zero and kept there."""

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

Optimizer = torch.optim.Optimizer
Masks = list[tuple[Tensor, Tensor]]  # a weight, and which of it stay


@dataclass(kw_only=True, slots=True)
class Pruning:
    """Prunes each matrix of weights after `begin` steps of its optimizer.

    Han et al. (2015), Learning both weights and connections.
    """

    share: float = 0.0
    begin: int = 0
    pruned: bool = False  # whether there was anything to prune
    _counts: "WeakKeyDictionary[Optimizer, int]" = field(
        default_factory=WeakKeyDictionary
    )
    _masks: "WeakKeyDictionary[Optimizer, Masks]" = field(
        default_factory=WeakKeyDictionary
    )

    @torch.no_grad()
    def after(self, optimizer: Optimizer) -> None:
        """The step is done."""
        if not self.share:
            return
        count = self._counts.get(optimizer, 0) + 1
        self._counts[optimizer] = count
        weights = [p for g in optimizer.param_groups for p in g["params"] if p.ndim > 1]
        self.pruned |= bool(weights)
        if count < self.begin:
            return
        if optimizer not in self._masks:
            self._masks[optimizer] = [(w, self._large(w)) for w in weights]
        for weight, large in self._masks[optimizer]:
            weight.mul_(large)

    def _large(self, weight: Tensor) -> Tensor:
        size, gone = weight.abs().flatten(), round(self.share * weight.numel())
        kept = torch.ones_like(size, dtype=torch.bool)
        kept[size.argsort(stable=True)[:gone]] = False
        return kept.view_as(weight)
