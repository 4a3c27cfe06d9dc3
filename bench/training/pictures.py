"""A CNN on pictures of 32 × 32: the same epochs, beside the loop most people write.

That loop has the pictures decoded in memory, as torchvision's CIFAR-10 has, moves and
mirrors each on its own, and loads them through a DataLoader, with workers where that is
faster here. Ours moves and mirrors whole batches of bytes, in channels-last layout, and
computes in bfloat16 where that pays. Network, first weights, optimizer, schedule,
batches and evaluations are the same; each training is validated once an epoch.
"""

import os
import random
import zipfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from bench.paired import told_of
from wellfit.core.recipe import Augmentation
from wellfit.models.cnn import Cnn, Shape
from wellfit.schedules.cycles import OneCycle
from wellfit.trainer.augment import augmenting
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import MemoryFeed
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.precision import bfloat16_pays
from wellfit.trainer.settings import Limits, Precision, Settings, Task

HERE = Path(__file__).parents[3]
DATA = Path(os.environ.get("WELLFIT_DATA") or HERE / "shared" / "data") / "cifar10"
TRAIN, HELD = "cifar10_train_a_k0000-1999_jpg.zip", "cifar10_test_10000_jpg.zip"
BARS = {"bfloat16": 0.6, "float32": 0.9}
BATCH, EPOCHS, PADDING = 128, 6, 4
EACH = 400  # training pictures of a class
RATE, MOMENTUM, DECAY = 0.1, 0.9, 5e-4
WORKERS = (0, 2)

Pictures = tuple[np.ndarray, np.ndarray]


def read(name: str, each: int) -> Pictures:
    """So many pictures of each class: bytes, and the classes."""
    with zipfile.ZipFile(DATA / name) as opened:
        names = sorted(n for n in opened.namelist() if n.endswith(".jpg"))
        classes = sorted({n.split("/")[-2] for n in names})
        kept = [
            n
            for c in classes
            for n in [n for n in names if n.split("/")[-2] == c][:each]
        ]
        made = [np.asarray(Image.open(BytesIO(opened.read(n)))) for n in kept]
    y = np.array([classes.index(n.split("/")[-2]) for n in kept])
    return np.stack(made), y


class OneByOne(Dataset[Any]):
    """Each picture moved, mirrored and scaled on its own."""

    def __init__(self, of: Pictures, *, augmented: bool) -> None:
        self.x, self.y = of
        self.augmented = augmented
        scaled = self.x / 255
        self.mean = torch.tensor(scaled.mean(axis=(0, 1, 2)), dtype=torch.float32)
        self.std = torch.tensor(scaled.std(axis=(0, 1, 2)), dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.x[index])
        if self.augmented:
            wide = ImageOps.expand(image, PADDING)
            left, top = (random.randint(0, 2 * PADDING) for _ in range(2))
            image = wide.crop((left, top, left + 32, top + 32))
            if random.random() < 0.5:
                image = ImageOps.mirror(image)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        scaled = pixels.float().div(255)
        shape = (3, 1, 1)
        return (scaled - self.mean.view(shape)) / self.std.view(shape), int(
            self.y[index]
        )


def network(seed: int) -> Cnn:
    torch.manual_seed(seed)
    return Cnn(Shape(channels=3, outputs=10))


class Pooled(nn.Module):
    """The same network for pictures that are scaled already."""

    def __init__(self, of: Cnn) -> None:
        super().__init__()
        self.stem, self.stages, self.last = of.stem, of.stages, of.last

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.stages(self.stem(x)).mean(dim=(2, 3)))


def plain(train: Pictures, held: Pictures, seed: int, workers: int) -> float:
    """The loop that most people write; its accuracy at the end."""
    model, criterion = Pooled(network(seed)), nn.CrossEntropyLoss()
    loader = partial(DataLoader, batch_size=BATCH, num_workers=workers)
    batches = loader(OneByOne(train, augmented=True), shuffle=True)
    evaluated = loader(OneByOne(held, augmented=False))
    optimizer = torch.optim.SGD(
        model.parameters(), RATE, MOMENTUM, weight_decay=DECAY, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=EPOCHS * len(batches), cycle_momentum=False
    )
    for _ in range(EPOCHS):
        model.train()
        for x, y in batches:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            right = sum(int((model(x).argmax(1) == y).sum()) for x, y in evaluated)
    return right / len(held[1])


def ours(train: Pictures, held: Pictures, seed: int, precision: Precision) -> float:
    """The engine; its accuracy at the end."""
    model = network(seed)
    model.door.learn(train[0])
    rows = torch.from_numpy(train[0]), torch.from_numpy(train[1])
    said = (
        Augmentation(name="crop", params={"padding": PADDING}),
        Augmentation(name="flip", params={"chance": 0.5}),
    )
    feed = MemoryFeed(
        tensors=rows,
        batch_size=BATCH,
        seed=seed,
        augment=augmenting(said, rows, classes=10, folder=Path()),
    )
    task = Task(
        network=model,
        criterion=nn.CrossEntropyLoss(),
        feed=feed,
        validation=MemoryFeed(
            tensors=tuple(map(torch.from_numpy, held)), batch_size=500, shuffle=False
        ),
        measures={
            "accuracy": lambda out, y: float((out.argmax(1) == y).float().mean())
        },
    )
    options = {"momentum": MOMENTUM, "nesterov": True}
    how = Settings(
        optimizer=OptimizerSettings(
            name="sgd", learning_rate=RATE, weight_decay=DECAY, options=options
        ),
        schedule=OneCycle(steps=EPOCHS * len(feed)),
        limits=Limits(epochs=EPOCHS),
        channels_last=True,
        precision=precision,
    )
    return fit(task, how, say=print).history[-1].metrics["val/accuracy"]


def measure(rounds: int, each: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Seconds and accuracies of both, a seed a round."""
    train, held = read(TRAIN, each), read(HELD, each // 4)
    some = torch.from_numpy(train[0][:BATCH]), torch.from_numpy(train[1][:BATCH])
    pays = bfloat16_pays(network(0), nn.CrossEntropyLoss(), some)
    precision: Precision = "bfloat16" if pays else "float32"
    few = tuple(part[: 4 * BATCH] for part in train)
    trial = {w: _timed(plain, few, held, 0, w)[0] for w in WORKERS}
    workers = min(trial, key=trial.__getitem__)
    ratios, accuracies, seconds = [], {"plain": [], "ours": []}, []
    for seed in range(rounds):
        theirs, right = _timed(plain, train, held, seed, workers)
        taken, own = _timed(ours, train, held, seed, precision)
        ratios.append(taken / theirs)
        seconds.append(theirs)
        accuracies["plain"].append(right)
        accuracies["ours"].append(own)
    yield (
        precision,
        told_of(ratios)
        | {
            "bar": BARS[precision],
            "plain_seconds": seconds,
            "plain_workers": workers,
            "accuracies": accuracies,
        },
    )


def _timed(train: Any, *args: Any) -> tuple[float, float]:
    begun = perf_counter()
    right = train(*args)
    return perf_counter() - begun, right
