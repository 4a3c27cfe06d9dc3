"""What a network and a training loop agree on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253
from numpy.typing import NDArray
from torch import nn  # noqa: TID253

from wellfit.data.mapped import pieces

Pair = tuple[torch.Tensor, torch.Tensor]  # inputs and targets, a row a sample


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """How a network is trained: by AdamW, its rate falling along half a cosine.

    The rate would reach zero after `epochs`; the loop ends after `stop_after` of them
    where that is given, and after `patience` epochs without a lower validation loss.
    """

    epochs: int = 60
    stop_after: int | None = None
    patience: int = 16
    batch_size: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """An evaluation: its number from 1, the steps until here, metrics by full name.

    There is one at each epoch's end, or after every so many steps. `train/loss` is the
    mean since the one before, while the weights changed; `val/loss` is of the weights
    as they are.
    """

    number: int
    steps: int
    metrics: Mapping[str, float]


OnEpoch = Callable[[Epoch], bool]  # False ends the training


def never_ending(_: Epoch) -> bool:
    """The `on_epoch` of a training that nobody watches."""
    return True


# network, loss, training rows, validation rows, how, whom to tell → the best epoch
Loop = Callable[[nn.Module, nn.Module, Pair, Pair | None, Training, OnEpoch], int]


@torch.no_grad()
def through(network: nn.Module, x: NDArray[Any]) -> torch.Tensor:
    """What a network gives for rows, in double precision; some thousands at a time."""
    found = []
    for piece in pieces(x):
        out = network(torch.tensor(piece, dtype=torch.float32)).double()
        found.append(out if out.ndim else out.reshape(1))
    return torch.cat(found)
