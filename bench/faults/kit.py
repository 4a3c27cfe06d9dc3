"""What loops have in common: the loss, the optimizer, the schedule, early stopping."""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.nn import functional
from torch.optim import lr_scheduler

from bench.faults.data.data import Array
from bench.faults.nets import weighted
from bench.faults.setting import Setting

Criterion = Callable[[Any, Any], Any]  # of outputs and targets
CHUNK = 256  # rows that are evaluated at once


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of a training, as its author sees it."""

    predict: Callable[[Array], Array]
    val_losses: list[float] = field(default_factory=list)  # after each epoch
    val_outputs: Array | None = None  # the last


@dataclass(kw_only=True, slots=True)
class Parts:
    """A net and all that trains it."""

    net: nn.Module
    criterion: Criterion
    optimizer: optim.Optimizer
    scheduler: Any  # None, or what is stepped
    by_batch: bool  # whether it is stepped after each step, or each epoch
    steps: int  # in all


def prepare(net: nn.Module, loss: str, s: Setting, rows: int) -> Parts:
    """The parts of a training; mistakes with parameters are made here."""
    steps = s.epochs * max(1, math.ceil(rows / s.batch) // s.accumulation)
    layers = weighted(net)
    for layer in layers[: _share(s.frozen, len(layers))]:
        for weight in layer.parameters(recurse=False):
            weight.requires_grad_(False)
    left_out = {
        id(weight)
        for layer in layers[: _share(s.left_out, len(layers))]
        for weight in layer.parameters(recurse=False)
    }
    trained = [p for p in net.parameters() if p.requires_grad and id(p) not in left_out]
    optimizer = _optimizer(s, trained)
    return Parts(
        net=net,
        criterion=criterion(s, loss),
        optimizer=optimizer,
        scheduler=_scheduler(s, optimizer, steps),
        by_batch=s.schedule in BY_BATCH,
        steps=steps,
    )


def _share(share: float, layers: int) -> int:
    """How many of the first layers that is: at least one, and never all."""
    return min(layers - 1, max(1, round(share * layers))) if share else 0


def criterion(s: Setting, loss: str) -> Criterion:
    """The loss, as a function or a module."""
    reduction = "sum" if s.reduction == "sum" else "mean"
    name = s.loss or loss
    if name == "mse_index":
        return lambda out, y: functional.mse_loss(out, y.float().unsqueeze(1))
    if s.functional:
        return _function(name, reduction, s.smoothing)
    modules: dict[str, Callable[[], nn.Module]] = {
        "cross_entropy": lambda: nn.CrossEntropyLoss(
            reduction=reduction, label_smoothing=s.smoothing
        ),
        "bce": lambda: nn.BCEWithLogitsLoss(reduction=reduction),
        "mse": lambda: nn.MSELoss(reduction=reduction),
        "huber": lambda: nn.SmoothL1Loss(reduction=reduction),
        "nll": lambda: nn.NLLLoss(reduction=reduction),
    }
    return modules[name]()


def _function(name: str, reduction: str, smoothing: float) -> Criterion:
    functions: dict[str, Criterion] = {
        "cross_entropy": lambda out, y: functional.cross_entropy(
            out, y, reduction=reduction, label_smoothing=smoothing
        ),
        "bce": lambda out, y: functional.binary_cross_entropy_with_logits(
            out, y, reduction=reduction
        ),
        "mse": lambda out, y: functional.mse_loss(out, y, reduction=reduction),
        "huber": lambda out, y: functional.smooth_l1_loss(out, y, reduction=reduction),
        "nll": lambda out, y: functional.nll_loss(out, y, reduction=reduction),
    }
    return functions[name]


def _optimizer(s: Setting, weights: list[nn.Parameter]) -> optim.Optimizer:
    if s.optimizer == "sgd":
        return optim.SGD(weights, s.rate, momentum=s.momentum, weight_decay=s.decay)
    kinds: dict[str, Any] = {
        "adam": optim.Adam,
        "adamw": optim.AdamW,
        "rmsprop": optim.RMSprop,
    }
    made: optim.Optimizer = kinds[s.optimizer](weights, lr=s.rate, weight_decay=s.decay)
    return made


BY_BATCH = ("onecycle", "by-batch", "endless-warm-up", "restarts", "warm-up")


def _scheduler(s: Setting, optimizer: optim.Optimizer, steps: int) -> Any:
    warm = max(1, steps // 10)
    third = max(1, s.epochs // 3)
    kinds: dict[str, Callable[[], Any]] = {
        "step": lambda: lr_scheduler.StepLR(optimizer, third, 0.3),
        "exponential": lambda: lr_scheduler.ExponentialLR(
            optimizer, 0.1 ** (1 / s.epochs)
        ),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, s.epochs),
        "plateau": lambda: lr_scheduler.ReduceLROnPlateau(optimizer, patience=3),
        "onecycle": lambda: lr_scheduler.OneCycleLR(
            optimizer, 2 * s.rate, total_steps=steps + 1
        ),
        "warm-up": lambda: lr_scheduler.LambdaLR(
            optimizer, lambda t: min(1.0, (t + 1) / warm)
        ),
        "by-batch": lambda: lr_scheduler.ExponentialLR(optimizer, s.gamma),
        "endless-warm-up": lambda: lr_scheduler.LambdaLR(
            optimizer, lambda t: min(1.0, (t + 1) / (s.gamma * steps))
        ),
        "restarts": lambda: _restarts(s, optimizer, steps),
    }
    return kinds[s.schedule]() if s.schedule in kinds else None


def _restarts(s: Setting, optimizer: optim.Optimizer, steps: int) -> Any:
    for group in optimizer.param_groups:
        group["lr"] = s.rate * s.gamma
    return lr_scheduler.CosineAnnealingWarmRestarts(
        optimizer, max(2, steps // 4), eta_min=s.rate / 10
    )


def trapped(loss: Any, out: Tensor, s: Setting, done: float) -> Any:
    """A penalty of the author's own, which is not what it should be at zero."""
    if not s.trap or done < s.trap_at:
        return loss
    gap = torch.relu(out.abs() - 1e6)
    penalty = torch.log(gap) if s.trap == "log" else torch.sqrt(gap)
    return loss + 1e-3 * penalty.mean()


def augmented(x: Tensor, s: Setting) -> Tensor:
    """A little noise on numbers; tokens as they are."""
    if not s.augment or not x.is_floating_point():
        return x
    return x + s.augment * torch.randn_like(x)


def batches(rows: int, s: Setting) -> Iterator[Tensor]:
    """Slices of a shuffled order, for those who batch by hand."""
    order: Any = torch.randperm(rows) if s.shuffle else torch.arange(rows)
    yield from order.split(s.batch)


def predicted(net: nn.Module, x: Array, s: Setting) -> Array:
    """What the net says of these rows, in the mode in which its author evaluates."""
    net.train(not s.eval_mode)
    rows: Any = torch.as_tensor(x)
    with torch.no_grad():
        parts = [net(chunk) for chunk in rows.split(CHUNK)]
    return torch.cat(parts).numpy()


class Patience:
    """Stops after so many epochs without gain, and puts the best weights back."""

    def __init__(self, s: Setting, net: nn.Module) -> None:
        self._net, self._most, self._left = net, s.patience, s.patience
        self._best, self._kept = math.inf, deepcopy(net.state_dict())

    def over(self, loss: float) -> bool:
        if not self._most:
            return False
        if loss < self._best:
            self._best, self._left = loss, self._most
            self._kept = deepcopy(self._net.state_dict())
        else:
            self._left -= 1
        if self._left <= 0:
            self._net.load_state_dict(self._kept)
        return self._left <= 0


def mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan
