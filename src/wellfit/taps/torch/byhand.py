"""Losses that are computed by hand, known by the graph that leads to them.

A mean of squares, of absolute values, of logarithms that were picked by class, or of
two logarithms for yes and no, is what a function of `torch.nn.functional` would have
been. Its graph holds what was compared: what the model said is worked out once more
from its last linear layer, for some rows.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from wellfit.taps.torch.criteria import Call

ROWS = 256  # of a batch that are worked out once more
WORK = 1 << 24  # multiplications that it may take; of wider layers fewer rows
DEPTH = 12  # operations between the loss and what it is of, at most

MEANS = ("MeanBackward0", "MeanBackward1")
SUMS = ("SumBackward0", "SumBackward1")
SCALED = ("DivBackward0", "MulBackward0", "SqrtBackward0")
VIEWS = (
    "AliasBackward0",
    "ReshapeAliasBackward0",
    "SelectBackward0",  # of the only column: else the shapes will not fit
    "SqueezeBackward0",
    "SqueezeBackward1",
    "UnsafeViewBackward0",
    "UnsqueezeBackward0",
    "ViewBackward0",
)
KEPT = ("SigmoidBackward0", "TanhBackward0", "ReluBackward0", "SoftmaxBackward0")


class _Reduced(NamedTuple):
    """What a loss is a mean or a sum of."""

    node: Any
    reduction: str  # `mean`, `sum`, or `other`: scaled, or reduced twice


class _Said(NamedTuple):
    """What a model said, for every so manieth row."""

    outputs: Tensor
    apart: int


def call_by_hand(loss: Tensor) -> Call | None:
    """The call that this loss could have been; None where it is another computation.

    To be asked before the backward pass, which lets go of what the graph holds.
    """
    reduced = _reduced(loss)
    if reduced is None:
        return None
    try:
        for read in (_differences, _picked, _bits):
            with torch.no_grad():
                found = read(reduced.node)
            if found is not None:
                options = {"reduction": reduced.reduction}
                return Call(*found, loss.detach(), len(found[1]), options)
    except (AttributeError, RuntimeError):  # freed, changed since, or of another shape
        return None
    return None


def _reduced(loss: Tensor) -> _Reduced | None:
    """What the loss is a mean of, and how."""
    node, reductions, scaled = loss.grad_fn, [], False
    for _ in range(DEPTH):
        name = "" if node is None else node.name()
        alone = name in SCALED and _shape(node) == () and len(_parents(node)) == 1
        if name in (*MEANS, *SUMS):
            reductions.append(name)
        elif not alone and name != "NegBackward0":
            break
        scaled = scaled or alone
        node = _parents(node)[0]
    if node is None or not reductions:
        return None
    once = reductions[0] if len(reductions) == 1 and not scaled else ""
    kinds = {"MeanBackward0": "mean", "SumBackward0": "sum"}
    return _Reduced(node, kinds.get(once, "other"))


def _differences(node: Any) -> tuple[str, Tensor, Tensor] | None:
    """Squared or absolute differences of outputs and targets."""
    name, parents = node.name(), _parents(node)
    squared = name == "PowBackward0" and node._saved_exponent == 2
    squared = squared or (
        name == "MulBackward0" and len(parents) == 2 and parents[0] is parents[1]
    )
    if not squared and name != "AbsBackward0":
        return None
    away, minus = node._saved_self.detach(), parents[0]
    sides = [f for f, _ in minus.next_functions]
    if minus.name() != "SubBackward0" or sides.count(None) != 1:
        return None
    side = 0 if sides[1] is None else 1
    shape = _shape(sides[side])
    said = _said(sides[side], shape, every=len(away.shape) == len(shape))
    if said is None or minus._saved_alpha != 1:
        return None
    sign = 1.0 if side == 0 else -1.0
    targets = _compared(said, sign * away)
    criterion = "mse_loss" if squared else "l1_loss"
    return None if targets is None else (criterion, said.outputs, targets)


def _compared(said: _Said, away: Tensor) -> Tensor | None:
    """The targets: outputs less what they were away, each from each if need be."""
    outputs = said.outputs
    if away.shape[1:] == outputs.shape[1:]:
        return outputs - away[:: said.apart]
    if away.ndim != 2 or outputs.shape not in ((len(away), 1), (away.shape[1],)):
        return None
    if outputs.ndim == 2:  # a column against a row: each output with each target
        return outputs[0] - away[0]
    return outputs[:1] - away[:, :1]


def _picked(node: Any) -> tuple[str, Tensor, Tensor] | None:
    """Logarithms of probabilities, one picked in each row."""
    node = _past_views(node)
    if node.name() == "GatherBackward0" and node._saved_dim == 1:
        targets = node._saved_index.reshape(-1)
    elif node.name() == "IndexBackward0" and len(node._saved_indices) == 2:
        targets = node._saved_indices[1]
    else:
        return None
    logs = _parents(node)[0]
    if logs.name() == "LogSoftmaxBackward0":
        outputs = logs._saved_result.detach()
    elif logs.name() == "LogBackward0":
        outputs = logs._saved_self.detach().log()
    else:
        return None
    if targets is None or outputs.ndim != 2 or len(outputs) != len(targets):
        return None
    return "cross_entropy", outputs, targets


def _bits(node: Any) -> tuple[str, Tensor, Tensor] | None:
    """`y log p + (1 - y) log(1 - p)`, of which the first half tells both."""
    halves = _parents(node)
    if node.name() != "AddBackward0" or len(halves) != 2:
        return None
    if any(half.name() != "MulBackward0" for half in halves):
        return None
    for half in halves:
        logs = _parents(half)
        if len(logs) != 1 or logs[0].name() != "LogBackward0":
            return None
    first = halves[0]
    kept = first._saved_self if first._saved_self is not None else first._saved_other
    outputs = _parents(first)[0]._saved_self.detach()
    if kept is None or kept.shape != outputs.shape:
        return None
    return "binary_cross_entropy", outputs, kept.detach()


def _said(node: Any, shape: tuple[int, ...], *, every: bool) -> _Said | None:
    """What the model said at this node of that shape; some rows, where it may be."""
    node = _past_views(node)
    if node.name() in KEPT:
        outputs, apart = node._saved_result.detach().reshape(shape), 1
    elif node.name() == "AddmmBackward0":
        bias, _, turned = (f for f, _ in node.next_functions)
        weight = _parents(turned)[0].variable.detach()
        rows = max(16, min(ROWS, WORK // max(weight.numel(), 1)))
        apart = -(-len(node._saved_mat1) // rows) if every else 1
        some = node._saved_mat1.detach()[::apart]
        said = torch.addmm(bias.variable.detach(), some, weight.t())
        outputs = said.reshape(len(some), *shape[1:])
    else:
        return None
    return _Said(outputs, apart)


def _past_views(node: Any) -> Any:
    for _ in range(DEPTH):
        if node.name() not in VIEWS:
            break
        node = _parents(node)[0]
    return node


def _parents(node: Any) -> list[Any]:
    return [parent for parent, _ in node.next_functions if parent is not None]


def _shape(node: Any) -> tuple[int, ...]:
    return tuple(node._input_metadata[0].shape)
