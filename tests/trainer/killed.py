"""Trainings that kill themselves in mid-epoch: run as a program, case after case.

`python killed.py FOLDER CASE...` trains each case in a process of its own, with its
checkpoints in FOLDER/CASE, until it is killed. The cases and how they are set up are
imported by the tests, which go on from what is left.
"""

import math
import os
import random
import signal
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from wellfit.schedules.composed import WarmUp
from wellfit.schedules.decay import Cosine
from wellfit.schedules.plateau import Plateau
from wellfit.trainer.checkpoint import checkpoints_in
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import Feed, LoaderFeed, MemoryFeed
from wellfit.trainer.keeper import Checkpoints
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.randomness import seed_all
from wellfit.trainer.settings import (
    Averaging,
    Limits,
    Penalty,
    Settings,
    Stopping,
    Task,
)

ROWS, FEATURES, CLASSES, BATCH, EPOCHS = 200, 8, 4, 32, 4
STEPS = 7  # an epoch
FROM = 2 * STEPS
EVERY = 3  # steps from checkpoint to checkpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is particular to a training."""

    workers: int | None = None  # None: batched in memory
    augmented: bool = True
    images: bool = False
    how: dict[str, Any] = field(default_factory=dict)


BF16 = {"precision": "bfloat16"}
EMA = {"averaging": Averaging(decay=0.9)}
PARTS = {"parts": 3}
CASES: dict[str, Case] = {
    "plain": Case(augmented=False),
    "memory": Case(how={**BF16, **EMA, **PARTS}),
    "no-workers": Case(workers=0, how={**BF16, **EMA}),
    "two-workers": Case(workers=2, how={**EMA, **PARTS}),
    "float16": Case(how={"precision": "float16", "clip_norm": 0.5}),
    "sgd-penalty-plateau": Case(
        how={
            "optimizer": OptimizerSettings(name="sgd", options={"momentum": 0.9}),
            "schedule": Plateau(rate=0.5, patience=0),
            "penalty": Penalty(l1=1e-3, l2=1e-3),
        }
    ),
    "swa": Case(how={"averaging": Averaging(kind="swa", start=7, every=7)}),
    "lbfgs": Case(augmented=False, how={"optimizer": OptimizerSettings(name="lbfgs")}),
    "evaluated-by-steps": Case(how={"evaluate_every": 5, **EMA}),
    "muon": Case(how={"optimizer": OptimizerSettings(name="muon")}),
    "channels-last": Case(images=True, how={"channels_last": True, **EMA}),
    "recomputed": Case(how={"recompute_activations": True}),
}
MATRIX: dict[str, Case] = {
    f"{workers}-{augmented}-{'+'.join([n for n, on in parts if on]) or 'plain'}": Case(
        workers=workers,
        augmented=augmented,
        how={k: v for _, on in parts if on for k, v in on.items()},
    )
    for workers in (None, 0, 2)
    for augmented in (False, True)
    for bf16 in ({}, BF16)
    for ema in ({}, EMA)
    for accumulation in ({}, PARTS)
    for parts in [(("bf16", bf16), ("ema", ema), ("parts", accumulation))]
}


def rows(*, images: bool) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (ROWS, 3, 6, 6) if images else (ROWS, FEATURES)
    x = torch.randn(shape, generator=generator)
    return x, x.flatten(1)[:, :CLASSES].argmax(dim=1)


class Noisy(torch.utils.data.Dataset):
    """Samples that are augmented with every generator a data set may use."""

    def __init__(self, data, *, augmented):
        self.data, self.augmented = data, augmented

    def __len__(self):
        return ROWS

    def __getitem__(self, index):
        x, y = (part[index] for part in self.data)
        if self.augmented:
            x = x + 0.1 * torch.randn(x.shape) + random.random() + np.random.rand()
        return x, y


def noisy(batch, draws):
    x, y = batch
    shift = draws.uniform(*(1 for _ in x.shape[1:]))
    return x + 0.1 * draws.normal(*x.shape[1:]) + shift, y


def network(*, images: bool) -> nn.Module:
    first = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()]
    layers = first if images else [nn.Linear(FEATURES, 128)]
    block = nn.Sequential(nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.3))
    return nn.Sequential(
        *layers, block, nn.Sequential(nn.Linear(128, 32)), nn.Linear(32, CLASSES)
    )


class Deadly(nn.Module):
    """A criterion that kills its process, in the middle of a step and of an epoch.

    It does once there is a checkpoint from within the third epoch or a later one; it
    waits for those that are being written.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self.inner, self.folder = nn.CrossEntropyLoss(), folder

    def forward(self, outputs, targets):
        if self.folder is not None and outputs.requires_grad:
            for thread in threading.enumerate()[1:]:
                if not thread.daemon:
                    thread.join()
            newest = max(map(step_of, checkpoints_in(self.folder)), default=0)
            if newest > FROM and newest % STEPS:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.inner(outputs, targets)


def step_of(path: Path) -> int:
    return int(path.name.split("-")[1])


def train(case: Case, checkpoints=None, *, deadly=False):
    """The case's training: its network, and how it went."""
    torch.set_num_threads(1)
    seed_all(0)
    data = rows(images=case.images)
    feed: Feed
    if case.workers is None:
        augment = noisy if case.augmented else None
        feed = MemoryFeed(tensors=data, batch_size=BATCH, augment=augment)
    else:
        feed = LoaderFeed(
            Noisy(data, augmented=case.augmented),
            batch_size=BATCH,
            workers=case.workers,
        )
    how = Settings(
        **{
            "schedule": WarmUp(steps=5, then=Cosine(steps=30)),
            "stopping": Stopping(),
            "limits": Limits(epochs=EPOCHS),
        }
        | case.how
    )
    task = Task(
        network=network(images=case.images),
        criterion=Deadly(checkpoints.folder if deadly else None),
        feed=feed,
        validation=MemoryFeed(tensors=data, batch_size=ROWS, shuffle=False),
    )
    said: list[str] = []
    outcome = fit(task, how, checkpoints=checkpoints, say=said.append)
    assert not said
    return task.network, outcome


def checkpoints(folder: Path, **how: Any) -> Checkpoints:
    return Checkpoints(folder=folder, every_steps=EVERY, share=math.inf, **how)


def main(folder: Path, names: list[str]) -> None:
    """Let each case be killed, in a child process that shares what is imported."""
    for name in names:
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            assert os.WTERMSIG(status) == signal.SIGKILL, (name, status)
            continue
        train((CASES | MATRIX)[name], checkpoints(folder / name), deadly=True)
        os._exit(1)  # it was to be killed


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
