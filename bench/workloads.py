"""The trainings that watching is measured on, as people write them."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.turns import Turns

CLASSES = 4


class Block(nn.Module):
    """A transformer block as people write them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, width: int = 64, depth: int = 12) -> None:
        super().__init__()
        self.embed = nn.Embedding(100, width)
        self.blocks = nn.Sequential(*(Block(width, 4) for _ in range(depth)))
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.embed(x)).mean(1))


class Residual(nn.Module):
    """A basic block of ResNet-18."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        same = before == width and stride == 1
        self.short = (
            nn.Identity() if same else nn.Conv2d(before, width, 1, stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.short(x))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def cnn() -> nn.Module:
    layers: list[nn.Module] = []
    before = 3
    for place in range(8):
        stride = 2 if place in (2, 4, 6) else 1
        width = 16 * 2 ** (place // 3)
        layers += [nn.Conv2d(before, width, 3, stride, 1), nn.ReLU()]
        before = width
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, CLASSES)]
    return nn.Sequential(*layers, *pooled)


def resnet18() -> nn.Module:
    """The network of He et al. (2015), table 1, with batch norm after convolutions."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    before = 64
    for place in range(8):
        width = 64 * 2 ** (place // 2)
        layers.append(Residual(before, width, 2 if place in (2, 4, 6) else 1))
        before = width
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, CLASSES)]
    return nn.Sequential(*layers, *pooled)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model, its inputs, its batch, and the steps of a training of some seconds.

    Where it trains on a GPU, its data are there too: what is measured is not a copy.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    batch: int
    steps: int
    turn: int  # steps of half a second
    default: float  # the bars: watched over bare, by default …
    every: float  # … and at every step
    rows: int = 2048
    tokens: bool = False
    device: str = "cpu"

    def data(self) -> TensorDataset:
        return _data(self)

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return self.make().to(self.device)

    def batches(self, turns: Turns) -> Iterator[list[Tensor]]:
        """A batch for each of the steps, which are done in turns."""
        loader = DataLoader(self.data(), self.batch, shuffle=True, drop_last=True)
        turns.begin()
        while True:
            for batch in loader:
                yield batch
                if not turns.step():
                    return


@functools.cache
def _data(work: Workload) -> TensorDataset:
    """Random numbers and classes, the same in every process."""
    generator = torch.Generator().manual_seed(0)
    if work.tokens:
        x = torch.randint(100, (work.rows, *work.shape), generator=generator)
    else:
        x = torch.randn(work.rows, *work.shape, generator=generator)
    y = torch.randint(CLASSES, (work.rows,), generator=generator)
    return TensorDataset(x.to(work.device), y.to(work.device))


WORKLOADS = {
    "mlp": Workload(
        make=mlp,
        shape=(32,),
        batch=32,
        steps=8_000,
        turn=1000,
        default=1.03,
        every=2.0,
    ),
    "cnn": Workload(
        make=cnn,
        shape=(3, 32, 32),
        batch=64,
        steps=120,
        turn=15,
        default=1.02,
        every=1.10,
    ),
    "transformer": Workload(
        make=Transformer,
        shape=(32,),
        batch=32,
        steps=50,
        turn=5,
        default=1.02,
        every=1.25,
        tokens=True,
    ),
    "resnet18-cuda": Workload(
        make=resnet18,
        shape=(3, 224, 224),
        batch=128,
        rows=1024,
        steps=80,
        turn=20,
        default=1.01,
        every=1.05,
        device="cuda",
    ),
}
