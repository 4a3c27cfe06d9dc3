"""A recipe's objective as a criterion: outputs and targets to a mean loss."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray
from torch import nn  # noqa: TID253

from wellfit.core.choices import OF_NUMBERS
from wellfit.core.errors import BadSetting
from wellfit.core.own import imported, is_own
from wellfit.core.recipe import Objective
from wellfit.objectives.losses import ExponentialLoss, FocalLoss, LogCoshLoss

Params = Mapping[str, Any]


def criterion_of(
    objective: Objective, *, classes: int, targets: NDArray[Any], folder: Path
) -> nn.Module:
    """The criterion; weights of classes go by how often each is among the targets.

    Names of the user's own are looked for in `folder`; they are called with the
    recipe's params, and give a module.
    """
    if is_own(objective.name):
        factory = imported(objective.name, key="objective.name", folder=folder)
        made = factory(**objective.params)
        if not isinstance(made, nn.Module):
            raise BadSetting(
                f"objective.name: {objective.name} must give a torch.nn.Module, of "
                f"outputs and targets; it gave a {type(made).__name__}"
            )
        return made
    if (objective.name in OF_NUMBERS) != (classes == 0):
        what = "numbers" if classes == 0 else "classes"
        raise BadSetting(f"objective.name: {objective.name} is not for {what}")
    if classes == 0:
        return NUMBERS[objective.name](objective.params)
    params, weights = objective.params, None
    if params.get("weights") == "balanced":
        weights = balanced(targets, classes)
    return CLASSES[objective.name](params, weights)


def balanced(targets: NDArray[Any], classes: int) -> torch.Tensor:
    """A weight for each class, so that all of them count alike; 1 on average.

    >>> balanced(np.array([0, 0, 0, 1]), 2)
    tensor([0.6667, 2.0000])
    """
    counts = np.bincount(targets, minlength=classes)
    weights = len(targets) / (np.maximum(counts, 1) * max(1, np.sum(counts > 0)))
    return torch.tensor(weights, dtype=torch.float32)


NUMBERS: Mapping[str, Callable[[Params], nn.Module]] = {
    "mse": lambda _: nn.MSELoss(),
    "mae": lambda _: nn.L1Loss(),
    "huber": lambda params: nn.HuberLoss(delta=params["delta"]),
    "log-cosh": lambda _: LogCoshLoss(),
}
CLASSES: Mapping[str, Callable[[Params, torch.Tensor | None], nn.Module]] = {
    "cross-entropy": lambda params, weight: nn.CrossEntropyLoss(
        weight=weight, label_smoothing=params["smoothing"]
    ),
    "focal": lambda params, weight: FocalLoss(gamma=params["gamma"], weight=weight),
    "hinge": lambda params, _: nn.MultiMarginLoss(margin=params["margin"]),
    "exponential": lambda *_: ExponentialLoss(),
}
