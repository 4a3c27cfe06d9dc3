"""The losses of `torch.nn.functional`, and what each says of the task.

Every criterion module of `torch.nn` ends in one of these functions, so that a watched
function sees them all.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CLASSES = frozenset({"cross_entropy", "nll_loss", "multi_margin_loss"})
BITS = frozenset({"binary_cross_entropy", "binary_cross_entropy_with_logits"})
NUMBERS = frozenset(
    {
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "huber_loss",
        "gaussian_nll_loss",
        "poisson_nll_loss",
    }
)
OTHERS = frozenset(
    {
        "cosine_embedding_loss",
        "ctc_loss",
        "hinge_embedding_loss",
        "kl_div",
        "margin_ranking_loss",
        "multilabel_margin_loss",
        "multilabel_soft_margin_loss",
        "soft_margin_loss",
        "triplet_margin_loss",
        "triplet_margin_with_distance_loss",
    }
)
CRITERIA = {
    name: getattr(torch.nn.functional, name)
    for name in sorted(CLASSES | BITS | NUMBERS | OTHERS)
}  # as they are before anybody patches them


@dataclass(slots=True, eq=False)
class Call:
    """One call of a criterion: `value` is what it returned, `rows` its samples."""

    criterion: str
    outputs: Tensor
    targets: Tensor | None
    value: Tensor
    rows: int
    options: dict[str, Any]

    @property
    def task(self) -> str:
        """`classification`, `binary`, `multilabel`, `regression` or `other`."""
        if self.targets is None or self.criterion in OTHERS:
            return "other"
        if self.criterion in NUMBERS:
            return "regression"
        if self.criterion in CLASSES:
            return "classification" if self.outputs.ndim > 1 else "other"
        if not _are_bits(self.targets):
            return "regression"
        return "multilabel" if self.outputs.shape[1:].numel() > 1 else "binary"

    def loss(self) -> Tensor:
        """The value as a mean over samples or tokens, whatever the reduction was."""
        value = self.value.detach()
        if value.ndim:
            return value.mean()
        if self.options.get("reduction") == "sum":
            return value / self._summed()
        return value

    def _summed(self) -> Tensor | int:
        """How many losses a sum is of: of classes, one for each that is told."""
        targets = self.targets
        if self.criterion not in CLASSES or targets is None:
            return max(self.rows, 1)
        if targets.is_floating_point():  # a distribution over the classes
            return max(self.rows, 1)
        ignored = self.options.get("ignore_index", -100)
        told: Tensor = (targets != ignored).sum().clamp(min=1)
        return told

    def cut(self) -> "Call":
        """The call, cut off from the graph: it may be kept."""
        return Call(
            self.criterion,
            self.outputs.detach(),
            None if self.targets is None else self.targets.detach(),
            self.value.detach(),
            self.rows,
            self.options,
        )


def call_of(
    criterion: str, args: tuple[Any, ...], options: dict[str, Any], value: Any
) -> Call | None:
    """The call, where it is one on plain tensors; else None."""
    outputs = args[0] if args else options.get("input")
    targets = args[1] if len(args) > 1 else options.get("target")
    if type(value) is not Tensor or not isinstance(outputs, Tensor):
        return None
    if torch._C._functorch.is_functorch_wrapped_tensor(value):
        return None
    return Call(
        criterion,
        outputs,
        targets if isinstance(targets, Tensor) else None,
        value,
        outputs.shape[0] if outputs.ndim else 1,
        options,
    )


def _are_bits(targets: Tensor) -> bool:
    some = targets.reshape(-1)[:4096]
    return bool(((some == 0) | (some == 1)).all())
