"""A network of the user's own: its weights are saved, and the name of what makes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray
from safetensors import safe_open  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.core.own import imported, parameters_of
from wellfit.models.cnn import AT_ONCE, Door
from wellfit.models.model import Scores
from wellfit.models.network import through

FILE = "own.safetensors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Factory:
    """What makes a network: `package.module:factory`, and what it is called with.

    It is told how many `inputs` a row has (of images, channels), the `shape` of a row,
    and how many `outputs` are wanted (a logit a class, or one number), where it has
    parameters that are called so.
    """

    name: str
    params: Mapping[str, Any]
    inputs: int
    outputs: int
    shape: tuple[int, ...] = ()

    def make(self, folder: Path) -> nn.Module:
        """The network; `BadSetting` where the factory gives none."""
        factory = imported(self.name, key="model.name", folder=folder)
        sizes: dict[str, Any] = {"inputs": self.inputs, "outputs": self.outputs}
        if self.shape:  # which those that were saved by an older wellfit have not
            sizes["shape"] = self.shape
        params = {k: v for k, v in sizes.items() if k in parameters_of(factory)}
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

    def check(self, network: nn.Module, x: Tensor, classes: int) -> None:
        """`BadSetting` where the network fails on these rows, or gives another shape.

        Nothing is drawn from the generators, and nothing learnt.
        """
        training = network.training
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            try:
                out = network.eval()(x)
            except Exception as error:  # it is the user's own code
                said = (str(error).splitlines() or [""])[0]
                raise BadSetting(
                    f"model.name: {self.name} failed on {len(x)} rows of shape "
                    f"{self.shape} with {type(error).__name__}: {said}"
                ) from error
        network.train(training)
        wanted = (len(x), classes) if classes else (len(x),)
        if not isinstance(out, Tensor) or tuple(out.shape) != wanted:
            gave = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
            what = "a logit a class" if classes else "one number a row"
            raise BadSetting(
                f"model.name: {self.name} must give {what}, {wanted} for {len(x)} "
                f"rows; it gave {gave}"
            )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Entrance:
    """What a network of images has before it: bytes in, scaled images out.

    It is hooked before the network, whose weights keep their names and are saved alone.
    Unless it is `channels_last`, images are laid out as people's own code expects.
    """

    door: Door
    channels_last: bool = False

    def before(self, network: nn.Module) -> None:
        """Stand before the network, from now on."""
        network.register_forward_pre_hook(self)

    def __call__(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What the network is given in place of the bytes."""
        (pixels,) = inputs
        scaled = self.door.to(pixels.device)(pixels)
        return (scaled if self.channels_last else scaled.contiguous(),)

    def to_json(self) -> dict[str, Any]:
        """Mean and deviation of each channel, and the layout."""
        mean, spread = self.door.mean.flatten(), self.door.spread.flatten()
        return {
            "mean": mean.tolist(),
            "spread": spread.tolist(),
            "channels_last": self.channels_last,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Entrance":
        """Read back what `to_json` gave."""
        door = Door(len(said["mean"]))
        door.mean.copy_(torch.tensor(said["mean"]).reshape(door.mean.shape))
        door.spread.copy_(torch.tensor(said["spread"]).reshape(door.spread.shape))
        return cls(door=door, channels_last=bool(said["channels_last"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedOwn:
    """A trained network; of numbers, it gives how many spreads from the center.

    That of images has an `entrance`.
    """

    classes: int
    network: nn.Module
    factory: Factory
    center: float = 0.0
    spread: float = 1.0
    entrance: Entrance | None = None

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers in the target's units."""
        plain = self.entrance is None and isinstance(x, np.ndarray)
        out = through(self.network, x) if plain else self._seen(x)
        if self.classes:
            return np.asarray(out.softmax(dim=1))
        return np.asarray(out.reshape(len(x)) * self.spread + self.center)

    @torch.no_grad()
    def _seen(self, x: NDArray[Any]) -> Tensor:
        """What it gives for images, or samples of a Dataset; some at a time."""
        some = (x[i : i + AT_ONCE] for i in range(0, max(len(x), 1), AT_ONCE))
        parts = (self.network(torch.from_numpy(np.array(part))) for part in some)
        return torch.cat([part.double() for part in parts])

    def save(self, folder: Path) -> None:
        """Write `own.safetensors`, whose header says what makes the network."""
        said = {
            "name": self.factory.name,
            "params": dict(self.factory.params),
            "inputs": self.factory.inputs,
            "outputs": self.factory.outputs,
            "shape": self.factory.shape,
            "entrance": None if self.entrance is None else self.entrance.to_json(),
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
        seen = said.pop("entrance", None)
        entrance = None if seen is None else Entrance.from_json(seen)
        factory = Factory(**{**said, "shape": tuple(said.get("shape", ()))})
        network = factory.make(Path.cwd())
        network.load_state_dict(load_file(folder / FILE))
        if entrance is not None:
            entrance.before(network)
        if entrance is not None and entrance.channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(
            classes=classes,
            network=network.eval(),
            factory=factory,
            center=center,
            spread=spread,
            entrance=entrance,
        )
