"""What checkpoints cost that are due every 50 steps."""

from pathlib import Path

from bench.paired import Ways
from bench.training.engine import train
from bench.turns import Turns
from bench.workloads import Workload
from wellfit.trainer.keeper import Checkpoints

BAR = 1.02
EVERY = 50  # steps


def _checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder=folder, every_steps=EVERY, every_seconds=None)


def plain(turns: Turns, work: Workload) -> None:
    train(turns, work, in_memory=True)


def saved(turns: Turns, work: Workload) -> None:
    train(turns, work, in_memory=True, checkpoints=_checkpoints)


WAYS = Ways(often={"without": plain, "with": saved}, seldom={}, bars={"with": BAR})
