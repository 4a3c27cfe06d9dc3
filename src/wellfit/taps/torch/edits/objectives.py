"""A loss of `torch.nn.functional`, edited where it is trained by: gradients are on.

Where they are off it is an evaluation, whose losses stay comparable.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.criteria import CRITERIA, NUMBERS

CLASSES = ("cross_entropy", "nll_loss")
BITS = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
WEIGHTED = (*CLASSES, *BITS)
MIXED = (*WEIGHTED, *sorted(NUMBERS - {"gaussian_nll_loss"}))
LEAST = -100.0  # a logarithm, as PyTorch limits those of a binary cross-entropy
IGNORED = -100  # the class that PyTorch leaves out, where the script names no other

# A loss as `edit` meets it; None leaves it as it is.
Edit = Callable[["Loss"], Tensor | None]


@dataclass(frozen=True, slots=True)
class Loss:
    """A call of a loss, with `options` by their names."""

    name: str
    function: Any
    outputs: Tensor
    targets: Tensor
    options: dict[str, Any] = field(default_factory=dict)

    def value(
        self, outputs: Tensor | None = None, targets: Tensor | None = None, **more: Any
    ) -> Tensor:
        """What it gives, with something in the place of what it was given."""
        given = self.outputs if outputs is None else outputs
        wanted = self.targets if targets is None else targets
        found: Tensor = self.function(given, wanted, **self.options | more)
        return found

    @property
    def of_indices(self) -> bool:
        """Whether its targets are the numbers of classes."""
        return self.name in CLASSES and not self.targets.is_floating_point()

    @property
    def told(self) -> Tensor:
        """Of such targets, which are none that are to be ignored."""
        ignored: int = self.options.get("ignore_index", IGNORED)
        return self.targets != ignored


def trained_by(
    original: Any, *, name: str, edit: Edit, tell: Callable[[], None]
) -> Callable[..., Any]:
    """The loss, edited where gradients are on; what `edit` cannot read stays."""
    signature = inspect.signature(CRITERIA[name])

    def loss(*args: Any, **options: Any) -> Any:
        if torch.is_grad_enabled() and not torch.compiler.is_compiling():
            call = _call(signature, name, original, args, options)
            found = None if call is None else edit(call)
            if found is not None:
                tell()
                return found
        return original(*args, **options)

    return loss


def _call(
    signature: inspect.Signature,
    name: str,
    original: Any,
    args: Iterable[Any],
    options: dict[str, Any],
) -> Loss | None:
    try:
        given = signature.bind(*args, **options).arguments
    except TypeError:
        return None  # the script's own error: PyTorch will say it
    outputs, targets = given.pop("input"), given.pop("target")
    read = isinstance(outputs, Tensor) and isinstance(targets, Tensor)
    dated = any(given.get(name) is not None for name in ("size_average", "reduce"))
    if not read or dated or not outputs.requires_grad or not outputs.numel():
        return None
    return Loss(name, original, outputs, targets, given)


class Weights:
    """Errors on rare classes count more, by the rows that were trained on so far.

    A class of n among N rows of K classes has the weight (N / (K n))^power, over the
    mean of all rows': 1 on average, so that steps are as long as they were.
    """

    def __init__(self, power: float) -> None:
        self.power = power
        self._counts: dict[tuple[str, int], Tensor] = {}

    def __call__(self, loss: Loss) -> Tensor | None:
        """The loss, weighted; None where the script weighs it itself."""
        weighed = any(
            loss.options.get(name) is not None for name in ("weight", "pos_weight")
        )
        if weighed or loss.targets.is_complex():
            return None
        if loss.name in BITS:
            return self._bits(loss)
        if loss.outputs.ndim < 2:
            return None
        weight = self._of(loss, _classes(loss)).to(loss.outputs)
        return loss.value(weight=weight)

    def _bits(self, loss: Loss) -> Tensor | None:
        targets = loss.targets.detach()
        if targets.shape != loss.outputs.shape:
            return None
        columns = targets.shape[1] if targets.ndim == 2 else 1
        ones = targets.reshape(-1, columns).sum(0, dtype=torch.float64)
        zeros = targets.numel() / columns - ones
        zero, one = self._of(loss, torch.stack([zeros, ones])).to(loss.outputs)
        return loss.value(weight=torch.lerp(zero, one, targets.to(one)))

    def _of(self, loss: Loss, counts: Tensor) -> Tensor:
        """The weights of the classes, with these rows counted too."""
        place = loss.name, counts.numel()
        if place in self._counts:
            counts = counts + self._counts[place].to(counts.device)
        self._counts[place] = counts
        rows = counts.sum(0)
        weights = (rows / counts.clamp_min(1)) ** self.power
        return weights * rows / (weights * counts).sum(0)


def _classes(loss: Loss) -> Tensor:
    """How many rows of each class there are."""
    count, targets = loss.outputs.shape[1], loss.targets.detach()
    if loss.of_indices:
        return torch.bincount(targets[loss.told], minlength=count).double()
    if targets.ndim > 1:  # shares of the classes
        targets = targets.movedim(1, -1).flatten(0, -2)
    return targets.reshape(-1, count).sum(0, dtype=torch.float64)


def focused(loss: Loss, gamma: float) -> Tensor | None:
    """The focal loss: Lin et al. (2017), equation 4."""
    if loss.name in CLASSES and not loss.of_indices:
        return None
    each = loss.value(reduction="none")
    focal = each * (1 - _reached(loss)).clamp_min(0) ** gamma
    how = loss.options.get("reduction", "mean")
    if how != "mean":
        return focal.sum() if how == "sum" else focal
    if loss.name in BITS:
        return focal.mean()
    weight = loss.options.get("weight")
    told, targets = loss.told, loss.targets.clamp_min(0)
    by = told.to(focal) if weight is None else weight[targets] * told
    return focal.sum() / by.sum()


def _reached(loss: Loss) -> Tensor:
    """The probability that is given to each target."""
    outputs, targets = loss.outputs, loss.targets
    if loss.name in BITS:
        given = outputs if loss.name == "binary_cross_entropy" else outputs.sigmoid()
        return given * targets + (1 - given) * (1 - targets)
    axis = 1 if outputs.ndim > 1 else 0
    logs = outputs.log_softmax(axis) if loss.name == "cross_entropy" else outputs
    places = targets.masked_fill(~loss.told, 0).unsqueeze(axis)
    return logs.gather(axis, places).squeeze(axis).exp()


def smoothed(loss: Loss, amount: float) -> Tensor | None:
    """Its targets take a share of certainty off: Szegedy et al. (2016), section 7."""
    if loss.name == "cross_entropy":
        own = loss.options.get("label_smoothing", 0.0)
        return None if own else loss.value(label_smoothing=amount)
    if loss.name == "nll_loss":  # it is linear in what it is given
        axis = 1 if loss.outputs.ndim > 1 else 0
        even = loss.outputs.mean(axis, keepdim=True)
        return loss.value((1 - amount) * loss.outputs + amount * even)
    if loss.targets.shape != loss.outputs.shape:
        return None
    # The loss is linear in its targets, which stay bits for who watches it.
    return (1 - amount) * loss.value() + amount * _undecided(loss)


def _undecided(loss: Loss) -> Tensor:
    """Binary cross-entropy with all targets at ½."""
    x, options = loss.outputs, loss.options
    if loss.name == "binary_cross_entropy":
        one, zero = (-p.log().clamp_min(LEAST) for p in (x, 1 - x))
    else:
        one, zero = (nn.functional.softplus(z) for z in (-x, x))
    weight, of_ones = options.get("weight"), options.get("pos_weight")
    each = (one if of_ones is None else one * of_ones) / 2 + zero / 2
    each = each if weight is None else each * weight
    how = options.get("reduction", "mean")
    return each if how == "none" else each.sum() if how == "sum" else each.mean()
