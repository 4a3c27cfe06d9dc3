"""The choice of how a recipe learns from images: by their size, number and symmetry."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray
from torch import nn  # noqa: TID253

from wellfit.core.choices import Cnn, Crop, CrossEntropy
from wellfit.core.recipe import (
    Augmentation,
    EarlyStopping,
    Images,
    Loop,
    Model,
    Objective,
    Optimizer,
    Precision,
    Regularization,
    Stage,
)
from wellfit.data.columns import Kind
from wellfit.data.decode import channels_of, headers
from wellfit.models import cnn
from wellfit.models.cnn import Shape, work_of
from wellfit.trainer.clock import seconds_of
from wellfit.trainer.precision import bfloat16_pays
from wellfit.trainer.recipes import training
from wellfit.trainer.recipes.inputs import Reasons
from wellfit.trainer.recipes.look import LOOKED_AT, SMALL, column_of_images
from wellfit.trainer.recipes.params import usual
from wellfit.trainer.recipes.seen import Seen
from wellfit.trainer.recipes.symmetry import symmetric, told_mirrored

SIDES = (96, 64, 48, 32)  # of larger images, the first that the time is enough for
LEAST = 5  # epochs: fewer leave a network unfinished
EPOCHS = (30, 200)  # at most: of many images fewer, for the steps below come sooner
STEPS = 2000  # in all, from where on more gain little
BATCHES = (32, 128)
# Multiplications a second of a core, with all that a step does beside them. Of one of
# an AVX2 machine 1.5e10 were measured; half of it, for others have work to do there.
SPEED = 8e9
STEP = 3.0  # times a pass: two more for the gradients


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Looked:
    """The images in numbers: `paths` are of training rows, `y` their targets.

    `sizes` and `grey` are of some of them.
    """

    seen: Seen
    paths: tuple[str, ...]
    y: NDArray[Any]
    sizes: tuple[int, ...]  # the shorter side of each
    grey: int

    @property
    def classes(self) -> int:
        """Their number; 0 of numbers."""
        return len(self.seen.of.classes)


def look_at(seen: Seen) -> Looked | None:
    """What the images are like; None where there are none to learn from."""
    kinds = {c.name: c.kind for c in seen.columns}
    if Kind.IMAGE not in kinds.values():
        return None
    name, train = column_of_images(kinds, "cnn"), seen.settled.split.train
    rows = seen.settled.rows[name].iloc[train]
    there = rows.notna().to_numpy()
    paths = tuple(map(str, rows[there]))
    some = headers(paths[:: -(-len(paths) // LOOKED_AT) or 1])
    return Looked(
        seen=seen,
        paths=paths,
        y=seen.of.y[train][there],
        sizes=tuple(min(h.width, h.height) for h in some) or (SMALL,),
        grey=channels_of(some)[1][True],
    )


def choose_images(looked: Looked) -> tuple[Images, Reasons]:
    """Size and channels: of what most are like, as far as the time is enough."""
    count, median = len(looked.sizes), int(np.median(looked.sizes))
    channels = 1 if looked.grey > count - looked.grey else 3
    colours = f"{looked.grey:,} of {count:,} images looked at are grey"
    if median <= SMALL:
        why = f"the median of the shorter sides of {count:,} images: small as they are"
        side = max(8, median)
    else:
        side = next((s for s in SIDES if s <= median and _fits(looked, s)), SIDES[-1])
        why = (
            f"the median of the shorter sides is {median}; within the budget "
            f"{epochs_of(looked, side)} epochs of {len(looked.paths):,} images can be "
            f"trained at {side}"
        )
    images = Images(side=side, channels=1 if channels == 1 else 3)
    return images, {
        "data.prepare.images.side": why,
        "data.prepare.images.channels": colours,
    }


def _fits(looked: Looked, side: int) -> bool:
    return _affordable(looked, side) >= 2 * LEAST


def epochs_of(looked: Looked, side: int) -> int:
    """As many as the budget allows, within bounds."""
    return int(min(max(_affordable(looked, side), LEAST), _most(looked)))


def _most(looked: Looked) -> int:
    """So many epochs are enough, however much time there is."""
    few, many = EPOCHS
    return min(max(math.ceil(STEPS / _steps(looked)), few), many)


def _steps(looked: Looked) -> int:
    """Of an epoch."""
    return math.ceil(len(looked.paths) / _batch(looked))


def _batch(looked: Looked) -> int:
    rows, (least, most) = len(looked.paths), BATCHES
    return min(max(training.batch_of(rows), least), most, rows)


def _affordable(looked: Looked, side: int) -> float:
    budget = seconds_of(looked.seen.how.budget)
    work = STEP * work_of(_shape(looked, side), side) * max(1, len(looked.paths))
    return budget * SPEED * _cores() / work


def _cores() -> int:
    return torch.get_num_threads()


def _shape(looked: Looked, side: int, channels: int = 3) -> Shape:
    params = choose_network(looked, side)[0].params
    widths = tuple(params["widths"])
    return Shape(
        channels=channels,
        outputs=looked.classes or 1,
        **{**params, "widths": widths},
    )


def choose_network(looked: Looked, side: int) -> tuple[Model, Reasons]:
    """A residual network; small images are not halved at once."""
    stem = 2 if side > 20 else 1
    model = Model(name="cnn", params=usual(Cnn) | {"stem": stem})
    model.params["widths"] = list(model.params["widths"])  # type: ignore[index]
    half = f"{side} pixels are halved at once: an epoch takes a quarter of the time"
    return model, {
        "model.name": "images, whose neighbouring pixels belong together",
        "model.params.widths": f"{len(looked.paths):,} training images, on a "
        f"processor of {_cores()} cores",
        "model.params.stem": half if stem == 2 else f"{side} pixels have none to spare",
    }


def choose_augmentation(
    looked: Looked, images: Images
) -> tuple[tuple[Augmentation, ...], Reasons]:
    """Moved always; mirrored where the training images do not contradict that."""
    padding = max(1, images.side // 8)
    moved = Augmentation(name="crop", params=usual(Crop) | {"padding": padding})
    why = {
        "data.augment.0": f"what is seen stays so, moved by an eighth of {images.side}"
    }
    told = None
    if looked.classes:
        told = told_mirrored(looked.paths, looked.y, channels=images.channels)
    if told is None:
        return (moved,), why
    upright, mirrored = told
    said = (
        f"of training images held out, a linear model tells {upright:.0%} right, and "
        f"{mirrored:.0%} of them mirrored"
    )
    if not symmetric(upright, mirrored, 1 / looked.classes):
        why["data.augment"] = f"no flip: {said}"
        return (moved,), why
    flip = Augmentation(name="flip", params={"chance": 0.5})
    return (moved, flip), why | {"data.augment.1": said}


def choose_objective(looked: Looked) -> tuple[Objective, Reasons]:
    """As of columns; of classes, the labels are smoothed."""
    objective, why = training.choose_objective(looked.seen)
    if looked.classes < 2:
        return objective, why
    params = usual(CrossEntropy) | dict(objective.params) | {"smoothing": 0.1}
    smoothed = Objective(
        name="cross-entropy",
        params=params,
        metric=objective.metric,
        threshold=objective.threshold,
    )
    why["objective.params.smoothing"] = (
        "a network of images learns its labels by heart: Müller et al. (2019)"
    )
    return smoothed, why


def choose_optimizer(looked: Looked) -> tuple[Optimizer, Reasons]:
    """SGD with Nesterov's momentum, and a rate for the cycle's height."""
    optimizer = Optimizer(
        name="sgd", lr=0.1, weight_decay=5e-4, momentum=0.9, nesterov=True
    )
    return optimizer, {
        "optimizer.name": "layers that are normalised have gradients of one scale",
        "optimizer.lr": "the height of the cycle, as residual networks take it: 0.1 "
        "for batches of 128, He et al. (2016)",
        "optimizer.weight_decay": "5e-4, as residual networks on small images take it",
    }


def choose_schedule() -> tuple[tuple[Stage, ...], Reasons]:
    """One cycle."""
    stages = (Stage(name="one-cycle", rise=0.3, floor=0.0),)
    return stages, {
        "schedule.0": "few epochs: up and down once learns most in them, Smith (2018)"
    }


def choose_regularization(looked: Looked) -> tuple[Regularization, Reasons]:
    """The best epoch's weights."""
    place = "regularization.early_stopping"
    _, why = training.choose_regularization(looked.seen)
    said = f"{why[place]}; the cycle is not to be ended early"
    return Regularization(early_stopping=EarlyStopping(patience=EPOCHS[1])), {
        place: said
    }


def choose_loop(looked: Looked, side: int) -> tuple[Loop, Reasons]:
    """Epochs by what the time is enough for."""
    budget, batch = looked.seen.how.budget, _batch(looked)
    epochs, steps = epochs_of(looked, side), _steps(looked)
    loop = Loop(
        epochs=epochs,
        budget=budget if isinstance(budget, str) else f"{budget:g}s",
        batch_size=batch,
    )
    work = work_of(_shape(looked, side), side)
    return loop, {
        "loop.epochs": f"what the budget is enough for, at {work / 1e6:.0f} million "
        f"multiplications an image and {SPEED * _cores() / 1e9:.0f} thousand million a "
        f"second, from {LEAST} to {_most(looked)}: {epochs * steps:,} steps in all",
        "loop.batch_size": f"{len(looked.paths):,} training images: {steps:,} steps an "
        "epoch",
    }


def choose_precision(looked: Looked, images: Images) -> tuple[Precision, Reasons]:
    """Half where a trial says so; the layout that convolutions are fastest in."""
    pays = _pays(looked, images)
    what = "a training step was tried in both, and" if pays is not None else ""
    why = {
        True: f"{what} bfloat16 is faster here",
        False: f"{what} bfloat16 is no faster here",
        None: "this processor has no bfloat16 of its own",
    }[pays]
    precision = Precision(dtype="bfloat16" if pays else "float32", channels_last=True)
    return precision, {
        "precision.dtype": why,
        "precision.channels_last": "as the pixels come, and convolutions are faster so",
    }


def _pays(looked: Looked, images: Images) -> bool | None:
    """Whether bfloat16 does; None where the processor has none."""
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return None
    shape = _shape(looked, images.side, images.channels)
    network = cnn.Cnn(shape)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.zeros(32, images.side, images.side, images.channels, dtype=torch.uint8)
    y = torch.zeros(32, dtype=torch.long if looked.classes else torch.float32)
    criterion = nn.CrossEntropyLoss() if looked.classes else nn.MSELoss()
    return bfloat16_pays(network, criterion, (x, y))
