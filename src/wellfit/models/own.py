"""A network of the user's own: its weights are saved, and the name of what makes it."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from torch import nn  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.core.own import imported
from wellfit.models.model import Scores
from wellfit.models.network import through

FILE = "own.safetensors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Factory:
    """What makes a network: `package.module:factory`, and what it is called with.

    It is told how many `inputs` a row has, and how many `outputs` are wanted (a logit
    a class, or one number), where it has parameters that are called so.
    """

    name: str
    params: Mapping[str, Any]
    inputs: int
    outputs: int

    def make(self, folder: Path) -> nn.Module:
        """The network; `BadSetting` where the factory gives none."""
        factory = imported(self.name, key="model.name", folder=folder)
        sizes = {"inputs": self.inputs, "outputs": self.outputs}
        params = {k: v for k, v in sizes.items() if k in _takes(factory)}
        params |= self.params
        try:
            made = factory(**params)
        except Exception as error:  # it is the user's own code
            said = ", ".join(f"{k}={v!r}" for k, v in params.items())
            raise BadSetting(
                f"model.name: {self.name}({said}) failed with "
                f"{type(error).__name__}: {error}"
            ) from error
        if not isinstance(made, nn.Module):
            raise BadSetting(
                f"model.name: {self.name} must give a torch.nn.Module; it gave a "
                f"{type(made).__name__}"
            )
        return made


def _takes(factory: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(factory).parameters)
    except (TypeError, ValueError):  # as of some classes that are written in C
        return set()


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedOwn:
    """A trained network; of numbers, it gives how many spreads from the center."""

    classes: int
    network: nn.Module
    factory: Factory
    center: float = 0.0
    spread: float = 1.0

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers in the target's units."""
        out = through(self.network, x)
        if self.classes:
            return np.asarray(out.softmax(dim=1))
        return np.asarray(out.reshape(len(x)) * self.spread + self.center)

    def save(self, folder: Path) -> None:
        """Write `own.safetensors`, whose header says what makes the network."""
        said = {
            "name": self.factory.name,
            "params": dict(self.factory.params),
            "inputs": self.factory.inputs,
            "outputs": self.factory.outputs,
            "center": self.center,
            "spread": self.spread,
        }
        state = {k: v.contiguous() for k, v in self.network.state_dict().items()}
        save_file(state, folder / FILE, metadata={"own": json.dumps(said)})

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedOwn":
        """Read `own.safetensors`. It imports the factory: `store.load` asks before."""
        with safe_open(folder / FILE, framework="pt") as opened:
            said = json.loads((opened.metadata() or {})["own"])
        center, spread = float(said.pop("center")), float(said.pop("spread"))
        factory = Factory(**said)
        network = factory.make(Path.cwd())
        network.load_state_dict(load_file(folder / FILE))
        return cls(
            classes=classes,
            network=network.eval(),
            factory=factory,
            center=center,
            spread=spread,
        )
