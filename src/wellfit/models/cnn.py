"""A small residual network for images, in PyTorch."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray
from safetensors import safe_open  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from wellfit.data.decode import moments
from wellfit.models.model import Scores

FILE = "cnn.safetensors"
AT_ONCE = 512  # images that are predicted together


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a network is made of, beside its weights.

    Each of the `widths` is a stage of so many channels, with `blocks` residual blocks;
    from stage to stage, and before the first where `stem` is 2, the image is halved.
    """

    channels: int
    outputs: int
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: int = 1
    stem: int = 1
    dropout: float = 0.0


class Door(nn.Module):
    """Bytes in, rows by height, width and channels; scaled images out, channels first.

    `mean` and `spread` are of each channel of the training images.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("spread", torch.ones(channels, 1, 1))

    def learn(self, pixels: NDArray[np.uint8]) -> None:
        """Take mean and deviation of these images, which are the training images."""
        mean, spread = moments(pixels)
        self.mean.copy_(torch.from_numpy(mean).reshape(self.mean.shape))
        self.spread.copy_(torch.from_numpy(spread).reshape(self.mean.shape))

    def forward(self, x: Tensor) -> Tensor:
        """A view of the bytes with channels first is in channels-last layout."""
        scaled: Tensor = (x.permute(0, 3, 1, 2).float() - self.mean) / self.spread
        return scaled


def _conv(before: int, after: int, size: int, stride: int = 1) -> nn.Sequential:
    """A convolution that is normalised; ReLU is for whoever uses it."""
    padding = (size - stride + 1) // 2
    conv = nn.Conv2d(before, after, size, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after))


class Block(nn.Module):
    """Two convolutions beside what comes in: He et al. (2016), figure 2.

    `stride` 2 halves the image; then, or where the width changes, what comes in is
    brought to the shape of what goes out.
    """

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(before, after, 3, stride)
        self.second = _conv(after, after, 3)
        plain = before == after and stride == 1
        self.beside = nn.Identity() if plain else _conv(before, after, 1, stride)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Images in, images out."""
        out = self.second(self.act(self.first(x)))
        summed: Tensor = self.act(out + self.beside(x))
        return summed


class Cnn(nn.Module):
    """Residual stages behind a door that scales, and a layer for the mean of all.

    `center` and `spread` are of the targets where they are numbers.
    """

    center: Tensor
    spread: Tensor

    def __init__(
        self, shape: Shape, *, center: float = 0.0, spread: float = 1.0
    ) -> None:
        super().__init__()
        self.shape = shape
        self.door = Door(shape.channels)
        first = shape.widths[0]
        size = 4 if shape.stem == 2 else 3
        stem = _conv(shape.channels, first, size, shape.stem)
        self.stem = nn.Sequential(stem, nn.ReLU())
        self.stages = nn.Sequential(*_stages(first, shape.widths, shape.blocks))
        self.dropout = nn.Dropout(shape.dropout)
        self.last = nn.Linear(shape.widths[-1], shape.outputs)
        self.register_buffer("center", torch.tensor(center))
        self.register_buffer("spread", torch.tensor(spread))

    def forward(self, x: Tensor) -> Tensor:
        """Logits, rows by classes; or standardised numbers, one a row."""
        seen = self.stages(self.stem(self.door(x))).mean(dim=(2, 3))
        out: Tensor = self.last(self.dropout(seen))
        return out.squeeze(-1) if out.shape[-1] == 1 else out


def _stages(before: int, widths: Sequence[int], blocks: int) -> list[nn.Module]:
    made: list[nn.Module] = []
    for place, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if place and not block else 1
            made.append(Block(before, width, stride))
            before = width
    return made


def work_of(shape: Shape, side: int) -> float:
    """Multiplications of one image's way through the network, about.

    >>> work_of(Shape(channels=3, outputs=10, widths=(16,), blocks=1), 32) / 1e6
    5.16096
    """
    at = side // shape.stem
    size = 4 if shape.stem == 2 else 3
    found, before = at**2 * size**2 * shape.channels * shape.widths[0], shape.widths[0]
    for place, width in enumerate(shape.widths):
        at = -(-at // 2) if place else at
        beside = before * width if place else 0
        found += at**2 * (9 * width * (before + width) + beside)
        found += (shape.blocks - 1) * at**2 * 18 * width**2
        before = width
    return float(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedCnn:
    """A trained network."""

    classes: int
    network: Cnn

    @torch.no_grad()
    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers in the target's units."""
        some = (x[i : i + AT_ONCE] for i in range(0, max(len(x), 1), AT_ONCE))
        parts = [self.network(torch.from_numpy(np.array(part))) for part in some]
        out = torch.cat(parts).double()
        if out.ndim == 2:
            return np.asarray(out.softmax(dim=1))
        return np.asarray(out * self.network.spread + self.network.center)

    def save(self, folder: Path) -> None:
        """Write `cnn.safetensors`, which says in its header how it is made."""
        said = {"shape": json.dumps(asdict(self.network.shape))}
        state = {k: v.contiguous() for k, v in self.network.state_dict().items()}
        save_file(state, folder / FILE, metadata=said)

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedCnn":
        """Read `cnn.safetensors`."""
        with safe_open(folder / FILE, framework="pt") as opened:
            said = json.loads((opened.metadata() or {})["shape"])
        shape = Shape(**{**said, "widths": tuple(said["widths"])})
        if shape.outputs != (classes or 1):
            raise ValueError(f"{FILE} gives {shape.outputs} outputs")
        network = Cnn(shape)
        network.load_state_dict(load_file(folder / FILE))
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(classes=classes, network=network.eval())
