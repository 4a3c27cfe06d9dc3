"""Healthy settings: what sane people choose, drawn at random but the same each time."""

import random
from dataclasses import replace
from functools import cache
from typing import Any

from bench.faults.bases import BASES, Base
from bench.faults.setting import Setting

SETTINGS = 26  # of each base
SCHEDULES = (
    "none",
    "none",
    "step",
    "exponential",
    "cosine",
    "plateau",
    "onecycle",
    "warm-up",
)


@cache
def settings(name: str) -> tuple[Setting, ...]:
    """All healthy settings of a base: the usual one, then variations."""
    base = BASES[name]
    usual = replace(base.usual, rate=base.rates[base.usual.optimizer])
    return (usual, *(_drawn(base, number) for number in range(1, SETTINGS)))


def _drawn(base: Base, number: int) -> Setting:
    draw = random.Random(f"{base.name} {number}")
    usual = base.usual
    choices: dict[str, Any] = {
        "style": draw.choice(("loader", "by_hand", "trainer", "functions")),
        "functional": draw.random() < 0.4,
        "rows": int(usual.rows * draw.choice((0.75, 1.0))),
        "noise": draw.choice((0.7, 1.0, 1.3)),
        "optimizer": draw.choice(list(base.rates)),
    }
    # Within a factor of three of what is good, and mostly closer.
    choices["rate"] = base.rates[choices["optimizer"]] * 3 ** draw.triangular(-1, 1)
    choices |= _trees(draw, usual) if base.fit else _net(draw, base)
    kept = {k: v for k, v in choices.items() if k not in base.fixed}
    made = replace(usual, **kept)
    if made.norm == "batch" and made.rows % made.batch == 1:
        return replace(made, rows=made.rows - 1)  # PyTorch refuses a last batch of one
    return made


def _trees(draw: random.Random, usual: Setting) -> dict[str, Any]:
    return {
        "epochs": int(usual.epochs * draw.uniform(0.8, 1.6)),
        "depth": draw.choice((usual.depth, usual.depth + 1)),
        "leaves": draw.choice((15, 31)),
        "lean": draw.choice((0.1, 1.0, 5.0)),
        "dropout": draw.choice((0.0, 0.2, 0.4)),
        "patience": draw.choice((0, 10, 20)),
    }


def _net(draw: random.Random, base: Base) -> dict[str, Any]:
    usual = base.usual
    batch = draw.choice((8, 16, 32, 32, 64, 64))
    longer = (batch / 32) ** 0.5 * draw.uniform(0.9, 1.5)
    chosen = {
        "batch": batch,
        "epochs": max(4, int(usual.epochs * longer)),
        "width": int(usual.width * draw.choice((0.5, 1, 1, 2))),
        "schedule": draw.choice(SCHEDULES),
        "clip": draw.choice((0.0, 0.0, 1.0, 5.0)),
        "decay": draw.choice((0.0, 0.0, 1e-5, 1e-4, 1e-3)),
        "dropout": draw.choice((0.0, 0.0, 0.1, 0.25)),
        "accumulation": 2 if batch == 8 and draw.random() < 0.5 else 1,
        "augment": draw.choice((0.0, 0.0, 0.05)),
        "patience": draw.choice((0, 0, 6)),
        "momentum": draw.choice((0.8, 0.9)),
    }
    if base.loss == "cross_entropy":
        chosen["smoothing"] = draw.choice((0.0, 0.0, 0.1))
    if base.traits.family in ("dense", "convolutional"):
        chosen |= _feed_forward(draw, base)
    if base.traits.family == "recurrent":
        chosen["cell"] = draw.choice(("gru", "gru", "lstm"))
    return chosen


def _feed_forward(draw: random.Random, base: Base) -> dict[str, Any]:
    depth = base.usual.depth
    images = base.traits.inputs == "image" and base.traits.task == "classes"
    return {
        "depth": draw.choice((depth, depth, max(1, depth - 1), depth + 1)),
        "activation": draw.choice(
            ("relu", "relu", "relu", "tanh", "gelu", "elu", "silu", "leaky_relu")
        ),
        "norm": draw.choice(("none", "none", "batch", "layer")),
        "residual": draw.random() < 0.3,
        "init": draw.choice(("default", "default", "he", "xavier", "orthogonal")),
        # A body that was trained before, and is kept as it is on purpose.
        **(
            {"pretrained": True, "frozen": 0.5}
            if images and draw.random() < 0.1
            else {}
        ),
    }
