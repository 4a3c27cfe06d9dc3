"""Which layers behave otherwise in training, and in which mode they were found."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.numbers import OnItsWay, send

MOST_CHANGES = 32  # of a mode that are told: more say nothing new


class Switches:
    """The layers that `train()` and `eval()` change: dropout, and norms that track.

    Told is the share of them that were in `train()` mode, by phase, from step to step
    wherever it changes.
    """

    def __init__(self) -> None:
        self._layers: dict[str, list[nn.Module]] = {}
        self._changes: dict[str, dict[str, list[list[float]]]] = {}
        self._tracked: OnItsWay | None = None  # batches that each norm has seen
        self._evaluated: dict[str, float] = {}  # as they are in the pass that goes on
        self._repeated = self._passes = 0

    def meet(self, root: nn.Module | None, layers: Mapping[str, nn.Module]) -> None:
        """These are the layers; nothing was stepped yet."""
        self._changes, self._repeated, self._passes = {}, 0, 0
        known = list(layers.values())
        norms = [m for m in known if _tracks(m)]
        self._layers = {
            "model": [] if root is None else [root],
            "dropout": [m for m in known if _drops(m)],
            "norm": norms,
        }
        counts = [seen for m in norms if (seen := _batches(m)) is not None]
        self._tracked = send(torch.stack(counts)) if counts else None

    def train(self, step: int) -> None:
        """A step of training is looked at."""
        self._note("train", step, self._found())

    def evaluate(self, *, repeated: bool) -> None:
        """A batch is evaluated, of a phase that is not known yet."""
        self._evaluated = self._evaluated or self._found()
        self._repeated += repeated

    def evaluated(self, phase: str, step: int) -> None:
        """The pass is over."""
        self._passes += bool(self._evaluated)
        self._note(phase, step, self._evaluated)
        self._evaluated = {}

    def _found(self) -> dict[str, float]:
        return {
            family: sum([m.training for m in layers]) / len(layers)
            for family, layers in self._layers.items()
            if layers
        }

    def _note(self, phase: str, step: int, found: Mapping[str, float]) -> None:
        for family, share in found.items():
            said = self._changes.setdefault(family, {}).setdefault(phase, [])
            if len(said) < MOST_CHANGES and (not said or said[-1][1] != share):
                said.append([step, share])

    def fact(self) -> dict[str, Any]:
        """What the fact `loop` says of them."""
        told: dict[str, Any] = {
            family: {"layers": len(layers), "modes": self._changes.get(family, {})}
            for family, layers in self._layers.items()
            if layers
        }
        if "norm" in told and self._tracked is not None:
            told["norm"]["tracked"] = int(self._tracked.array().max())
        if self._passes:
            told["repeated"] = self._repeated > 0
        return told


def _drops(module: nn.Module) -> bool:
    """Whether it drops anything in training."""
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return bool(module.p > 0)
    if isinstance(module, nn.RNNBase):
        return bool(module.dropout > 0 and module.num_layers > 1)
    if isinstance(module, nn.MultiheadAttention):
        return bool(module.dropout > 0)
    share = getattr(module, "drop_prob", None)  # stochastic depth, as timm has it
    return isinstance(share, float) and share > 0


def _tracks(module: nn.Module) -> bool:
    """Whether it normalises by a batch in training, and by a running mean else."""
    return _batches(module) is not None


def _batches(module: nn.Module) -> Tensor | None:
    """How many batches a norm has seen, where it keeps statistics of them."""
    if not isinstance(module, nn.modules.batchnorm._NormBase):
        return None
    seen = module.num_batches_tracked
    return seen if isinstance(seen, Tensor) and seen.ndim == 0 else None
