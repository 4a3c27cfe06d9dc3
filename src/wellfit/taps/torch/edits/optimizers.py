"""Another optimizer, which takes the steps of the script's own."""

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from wellfit.core.training import OptimizerKind
from wellfit.taps.torch.edits.lent import Lent

Optimizer = torch.optim.Optimizer

MOMENTUM = 0.9
MADE: dict[OptimizerKind, tuple[type[Optimizer], dict[str, Any]]] = {
    "adamw": (torch.optim.AdamW, {}),
    "adam": (torch.optim.Adam, {}),
    "sgd-momentum": (torch.optim.SGD, {"momentum": MOMENTUM}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adagrad": (torch.optim.Adagrad, {}),
}
# What each keeps of a parameter: a state without it is another optimizer's.
STATE: dict[OptimizerKind, str] = {
    "adamw": "exp_avg",
    "adam": "exp_avg",
    "sgd-momentum": "momentum_buffer",
    "rmsprop": "square_avg",
    "adagrad": "sum",
}
SHARED = ("betas", "maximize", "weight_decay")  # they mean the same to all that have it


def rate_of(optimizer: Optimizer) -> float:
    """The rate that its schedule, if it has one, makes shares of: of groups, the most.

    One-cycle schedules say the greatest, others the first.
    """
    return max(
        float(group.get("max_lr") or group.get("initial_lr") or group.get("lr") or 0)
        for group in optimizer.param_groups
    )


class Switch:
    """A shadow for each optimizer of another kind: it has its parameters and its state.

    The script's own goes on being what schedules set the rate of, and what is saved.
    """

    def __init__(self, to: OptimizerKind, rate: float, lent: Lent) -> None:
        self.switched = False
        self._to, self._rate, self._lent = to, rate, lent
        self._factors: WeakKeyDictionary[Optimizer, float] = WeakKeyDictionary()
        self._shadows: WeakKeyDictionary[Optimizer, Optimizer] = WeakKeyDictionary()

    def scale(self, optimizer: Optimizer) -> float:
        """What its rates are multiplied with: the first is then the shadow's."""
        if self._is_one(optimizer):
            return 1.0
        if optimizer not in self._factors:
            own = rate_of(optimizer)
            self._factors[optimizer] = self._rate / own if own > 0 else 1.0
        return self._factors[optimizer]

    def _is_one(self, optimizer: Optimizer) -> bool:
        """Whether it is of the kind already, or has no rate to take over."""
        groups = optimizer.param_groups
        if any(group.get("lr") is None for group in groups):
            return True
        alike = type(optimizer) is MADE[self._to][0]
        if self._to == "sgd-momentum":
            return alike and all(group["momentum"] > 0 for group in groups)
        return alike

    def step(self, optimizer: Optimizer) -> None:
        """Take the step, and leave none to be taken."""
        if self._is_one(optimizer):
            return
        self.switched = True
        kind, options = MADE[self._to]
        shadow = self._shadows.get(optimizer)
        if shadow is None:
            every = [p for group in optimizer.param_groups for p in group["params"]]
            shadow = self._shadows[optimizer] = kind(every, **options)
        shadow.param_groups = list(self._groups(optimizer, shadow.defaults))
        if not isinstance(optimizer, torch.optim.LBFGS):  # it writes there as it steps
            shadow.state = optimizer.state
        self._clear(shadow)
        step: Any = kind.step
        step.__wrapped__(shadow)  # without the hooks of everybody
        self._lent.give(optimizer)

    def _groups(
        self, optimizer: Optimizer, defaults: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        for group in optimizer.param_groups:
            kept = {name: group[name] for name in SHARED if name in group}
            own = {"lr": group["lr"], "params": group["params"], "weight_decay": 0.0}
            yield {**defaults, **own, **kept}

    def _clear(self, shadow: Optimizer) -> None:
        """Forget what a checkpoint says of another optimizer; begin where it must."""
        for group in shadow.param_groups:
            for parameter in group["params"]:
                state = shadow.state.get(parameter, {})
                if STATE[self._to] in state:
                    continue
                shadow.state.pop(parameter, None)
                if self._to == "adagrad":  # it has a state from the beginning
                    shadow.state[parameter] = _begun(parameter)


def _begun(parameter: Tensor) -> dict[str, Any]:
    state: dict[str, Any] = torch.optim.Adagrad([parameter]).state[parameter]
    return state


def unfused(original: Any) -> Any:
    """A GradScaler's `step`, which hands every optimizer gradients of their own scale.

    Fused optimizers would take the scale away within themselves.
    """

    def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(optimizer, "_step_supports_amp_scaling", False):
            optimizer._step_supports_amp_scaling = False
        return original(scaler, optimizer, *args, **kwargs)

    return step
