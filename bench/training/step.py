"""A step of a small network: the engine's beside the bare loop's."""

from functools import partial

import torch
from torch import nn

from bench.paired import Way, Ways
from bench.peers import PEERS, loop
from bench.training.engine import train
from bench.turns import Turns
from bench.workloads import Workload

BAR, WATCHED = 1.10, 1.15


def bare(turns: Turns, work: Workload) -> None:
    """Neither validated nor logged."""
    loop(turns, work, work.model())


def bare_by(
    make: "partial[torch.optim.Optimizer]", turns: Turns, work: Workload
) -> None:
    """The same loop, with another optimizer."""
    model, criterion = work.model(), nn.CrossEntropyLoss()
    optimizer = make(model.parameters())
    for x, y in work.batches(turns):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()


def engine(turns: Turns, work: Workload, **how: object) -> None:
    train(turns, work, **how)  # type: ignore[arg-type]


FUSED = partial(torch.optim.AdamW, lr=1e-4, fused=True)
SGD = partial(torch.optim.SGD, lr=1e-4)
BY_ADAMW: dict[str, Way] = {
    "bare": bare,
    "engine": engine,
    "engine, watched": partial(engine, watched=True),
    "engine, in memory": partial(engine, in_memory=True),
    "bare, fused": partial(bare_by, FUSED),
}
BY_SGD: dict[str, Way] = {
    "bare, SGD": partial(bare_by, SGD),
    "engine, SGD": partial(engine, optimizer="sgd"),
}
LOOPS = {name: PEERS[name] for name in ("Lightning", "HF Trainer")}
WAYS = {
    "adamw": Ways(
        often=BY_ADAMW, seldom=LOOPS, bars={"engine": BAR, "engine, watched": WATCHED}
    ),
    "sgd": Ways(often=BY_SGD, seldom={}, bars={"engine, SGD": BAR}),
}
