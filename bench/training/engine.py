"""The engine's training of a workload, in turns."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from bench.turns import Turns
from bench.workloads import Workload
from wellfit.models.network import Epoch
from wellfit.record import Recorder
from wellfit.taps.torch import watch
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import Feed, LoaderFeed, MemoryFeed
from wellfit.trainer.keeper import Checkpoints
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.settings import Limits, Settings, Task

HELD_BACK = 0.25  # rows that validate, of those that train


@contextmanager
def in_turns(turns: Turns) -> Iterator[None]:
    """A turn's end comes after a step of the optimizer, whoever makes it."""

    def stepped(*_: Any) -> None:
        turns.step()

    hook = register_optimizer_step_post_hook(stepped)
    turns.begin()
    try:
        yield
    finally:
        hook.remove()


def train(
    turns: Turns,
    work: Workload,
    *,
    optimizer: str = "adamw",
    in_memory: bool = False,
    watched: bool = False,
    checkpoints: Callable[[Path], Checkpoints] | None = None,
) -> int:
    """Train it, validated and logged each epoch; how many checkpoints were written."""
    data = work.data()
    held = int(work.rows * HELD_BACK)
    feed: Feed
    if in_memory:
        feed = MemoryFeed(tensors=data.tensors, batch_size=work.batch, drop_last=True)
    else:
        feed = LoaderFeed(data, batch_size=work.batch, drop_last=True)
    task = Task(
        network=work.model(),
        criterion=nn.CrossEntropyLoss(),
        feed=feed,
        validation=MemoryFeed(
            tensors=tuple(t[:held] for t in data.tensors),
            batch_size=max(work.batch, held if work.tokens else 512),
            shuffle=False,
        ),
    )
    how = Settings(
        optimizer=OptimizerSettings(name=optimizer, learning_rate=1e-4),
        limits=Limits(epochs=None, steps=turns.steps),
        device=work.device,
    )
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "run")

        def log(epoch: Epoch) -> bool:
            for name, value in epoch.metrics.items():
                recorder.value(name, epoch.steps, value)
            return True

        saved = checkpoints(Path(folder) / "checkpoints") if checkpoints else None
        with watch(recorder=recorder) if watched else nullcontext(), in_turns(turns):
            fit(task, how, checkpoints=saved, on_epoch=log)
        recorder.close()
        return len(list((Path(folder) / "checkpoints").glob("step-*")))
