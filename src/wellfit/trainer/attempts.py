"""The records of a training that was interrupted and gone on with: one an attempt."""

import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from wellfit.core.run import Run
from wellfit.core.signals import parse
from wellfit.record import Recorder, open_run

UNITED = ("rmse", "mae")  # signals in the target's own unit
OWN = frozenset({"command", "versions", "seeds", "data", "candidates", "outcome"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A run folder, and how many steps were done before it."""

    folder: Path
    start: int = 0


def attempts_at(name: str, trials: Path) -> list[Attempt]:
    """Those that there are, in the order of their steps."""
    form = re.compile(rf"{re.escape(name)}(?:-from-(\d+))?")
    found = ((path, form.fullmatch(path.name)) for path in trials.glob(f"{name}*"))
    made = [Attempt(folder=p, start=int(m[1] or 0)) for p, m in found if m]
    return sorted(made, key=lambda attempt: attempt.start)


def begin(name: str, trials: Path, start: int) -> Attempt:
    """A fresh attempt from a step on; those that got no further are forgotten."""
    for attempt in attempts_at(name, trials):
        if attempt.start >= start:
            shutil.rmtree(attempt.folder)
    ending = f"-from-{start}" if start else ""
    return Attempt(folder=trials / f"{name}{ending}", start=start)


def say_again(
    attempts: Sequence[Attempt], recorder: Recorder, *, unit: float = 1.0
) -> int:
    """Say what they hold as one run: curves, events, facts; its number of steps.

    Of each what was seen before the next began. `unit` is what an error of 1 in them
    is in the target's own unit.
    """
    runs = [open_run(attempt.folder) for attempt in attempts]
    starts = [attempt.start for attempt in attempts]
    for run, (start, end) in zip(runs, pairwise([*starts, math.inf]), strict=True):
        _say_run(run, recorder, unit=unit, start=int(start), end=end)
    facts: dict[str, Any] = {}
    for run in runs:
        facts |= run.facts
    facts |= {k: v for k, v in runs[0].facts.items() if k == "start"}
    steps = runs[-1].last_step + starts[-1] + 1
    if "training" in facts:
        facts["training"] = _training(facts["training"], runs, starts)
    _say_facts(facts, recorder, unit=unit)
    return steps


def _training(
    fact: dict[str, Any], runs: Sequence[Run], starts: Sequence[int]
) -> dict[str, Any]:
    """The fact, with what only all attempts together tell."""
    losses = [
        (float(loss), int(step) + start)
        for run, start in zip(runs, starts, strict=True)
        if (val := run.get("val/loss")) is not None
        for step, loss in zip(val.steps, val.values, strict=True)
    ]
    kept = {"kept": min(losses)[1]} if losses else {}
    if len(runs) == 1:
        return fact | kept
    seconds = sum(run.facts.get("training", {}).get("seconds", 0.0) for run in runs)
    steps = fact.get("steps", 0) + starts[-1]
    return fact | kept | {"steps": steps, "epochs": len(losses), "seconds": seconds}


def _say_run(
    run: Run, recorder: Recorder, *, unit: float, start: int, end: float
) -> None:
    for name, signal in run.signals.items():
        scale = unit if parse(name).name in UNITED else 1.0
        for step, value in zip(signal.steps, signal.values, strict=True):
            if step + start < end:
                recorder.value(name, int(step) + start, scale * value)
    for event in run.events:
        if event.step + start < end:
            recorder.event(event.kind, event.step + start, **event.data)


def _say_facts(facts: dict[str, Any], recorder: Recorder, *, unit: float) -> None:
    if trivial := facts.get("objective", {}).get("trivial"):
        scaled = {k: v * (unit if k in UNITED else 1) for k, v in trivial.items()}
        facts["objective"] = {**facts["objective"], "trivial": scaled}
    for name, fact in facts.items():
        if name not in OWN:
            recorder.fact(name, fact)
