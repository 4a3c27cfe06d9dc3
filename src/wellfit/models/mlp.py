"""A small multilayer perceptron, in PyTorch."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray
from safetensors import safe_open  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from torch import nn  # noqa: TID253

from wellfit.data.features import View
from wellfit.models.model import Fit, OnRound, Round, Rows, Scores, never_ending
from wellfit.models.network import Epoch, Loop, Training, through

FILE = "mlp.safetensors"
HIDDEN = (256, 128)
DROPOUT = 0.1
SMALL = 512  # features
ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
NORMS: Mapping[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Between:
    """What stands between the linear layers; a norm comes before the activation."""

    activation: str = "relu"
    norm: str = "none"
    dropout: float = DROPOUT

    def layers(self, width: int) -> list[nn.Module]:
        """Fresh ones, for so many units."""
        norm = [NORMS[self.norm](width)] if self.norm != "none" else []
        return [*norm, ACTIVATIONS[self.activation](), nn.Dropout(self.dropout)]


class Network(nn.Module):
    """Linear layers with an activation, dropout and perhaps a norm between them.

    `center` and `spread` are the training targets' mean and standard deviation: of
    numbers, it learns and gives how many spreads from the center a target is.
    """

    center: torch.Tensor
    spread: torch.Tensor

    def __init__(self, widths: Sequence[int], between: Between | None = None) -> None:
        super().__init__()
        self.between = between or Between()
        layers: list[nn.Module] = []
        for before, after in pairwise(widths[:-1]):
            layers += [nn.Linear(before, after), *self.between.layers(after)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
        self.register_buffer("center", torch.zeros(()))
        self.register_buffer("spread", torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, rows by classes; or standardised numbers, one a row."""
        out: torch.Tensor = self.layers(x)
        return out.squeeze(-1) if out.shape[-1] == 1 else out


@dataclass(frozen=True, kw_only=True, slots=True)
class Mlp:
    """A perceptron of two hidden layers; validation rows choose the epochs.

    `loop` trains the network; `epochs` says when a refit stops.
    """

    name: ClassVar[str] = "mlp"
    view: ClassVar[View] = "dense"

    classes: int
    loop: Loop
    seed: int = 0
    epochs: int | None = None

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Train until validation stops improving, or for its own number of epochs."""

        def on_epoch(epoch: Epoch) -> bool:
            return on_round(Round(step=epoch.steps, signals=epoch.metrics))

        with torch.random.fork_rng(devices=[]), threads(train.x.shape[1]):
            torch.manual_seed(self.seed)
            network = Network((train.x.shape[1], *HIDDEN, self.classes or 1))
            if not self.classes:
                network.center.fill_(float(train.y.mean()))
                network.spread.fill_(float(train.y.std()) or 1.0)
            best = self.loop(
                network,
                nn.CrossEntropyLoss() if self.classes else nn.MSELoss(),
                self._pair(train, network),
                None if validation is None else self._pair(validation, network),
                self._training(len(train), chooses=validation is not None),
                on_epoch,
            )
        fitted = FittedMlp(classes=self.classes, network=network.eval())
        return Fit(fitted=fitted, settled=replace(self, epochs=best))

    def _pair(self, rows: Rows, network: Network) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.tensor(rows.x, dtype=torch.float32)
        if self.classes:
            return x, torch.tensor(rows.y)
        y = (torch.tensor(rows.y) - network.center) / network.spread
        return x, y.float()

    def _training(self, rows: int, *, chooses: bool) -> Training:
        return Training(
            batch_size=int(np.clip(2 ** round(np.log2(rows / 50)), 32, 512)),
            stop_after=None if chooses else self.epochs,
            seed=self.seed,
        )


@contextmanager
def threads(features: int) -> Iterator[None]:
    """One thread for a small network: more would wait for each other longer than work.

    On a busy machine the difference is tenfold.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if features <= SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedMlp:
    """A trained network."""

    classes: int
    network: Network

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers in the target's units."""
        out = through(self.network, x)
        if out.ndim == 2:
            return np.asarray(out.softmax(dim=1))
        return np.asarray(out * self.network.spread + self.network.center)

    def save(self, folder: Path) -> None:
        """Write `mlp.safetensors`, which says in its header what is between layers."""
        said = {"between": json.dumps(asdict(self.network.between))}
        save_file(self.network.state_dict(), folder / FILE, metadata=said)

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedMlp":
        """Read `mlp.safetensors`; the widths are told by the tensors."""
        state = load_file(folder / FILE)
        names = [n for n, t in state.items() if n.endswith(".weight") and t.ndim == 2]
        weights = [state[n] for n in sorted(names, key=lambda n: int(n.split(".")[1]))]
        if not weights:
            raise ValueError(f"{FILE} holds no linear layers")
        widths = (weights[0].shape[1], *(len(w) for w in weights))
        network = Network(widths, _between(folder / FILE))
        network.load_state_dict(state)
        if widths[-1] != (classes or 1):
            raise ValueError(f"{FILE} gives {widths[-1]} outputs")
        return cls(classes=classes, network=network.eval())


def _between(file: Path) -> Between:
    """What the header says; older files say nothing, and have what is usual."""
    with safe_open(file, framework="pt") as opened:
        said = opened.metadata() or {}
    return Between(**json.loads(said.get("between", "{}")))
