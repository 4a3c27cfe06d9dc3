"""The records of a training that was interrupted and gone on with: one an attempt."""

import math
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    for name in dict.fromkeys(name for run in runs for name in run.signals):
        scale = unit if parse(name).name in UNITED else 1.0
        for step, value in _joined(name, runs, starts):
            recorder.value(name, step, scale * value)
    _say_events(runs, starts, recorder)
    facts: dict[str, Any] = {}
    for run in runs:
        facts |= run.facts
    facts |= {k: v for k, v in runs[0].facts.items() if k == "start"}
    if "training" in facts:
        facts["training"] = _training(facts["training"], runs, starts)
    _say_facts(facts, recorder, unit=unit)
    return runs[-1].last_step + starts[-1] + 1


def _joined(
    name: str, runs: Sequence[Run], starts: Sequence[int]
) -> Iterator[tuple[int, float]]:
    """A signal by step, of each attempt as far as the next one began.

    What is evaluated after so many steps belongs to whom the last of them was of,
    unless the next evaluated there again: it may have begun just before.
    """
    ends = [*starts[1:], math.inf]
    for place, (run, start, end) in enumerate(zip(runs, starts, ends, strict=True)):
        after = runs[place + 1].get(name) if end < math.inf else None
        again = after is not None and 0 in after.steps
        evaluated = parse(name).phase != "train" and not again
        signal = run.get(name)
        if signal is None:
            continue
        for step, value in zip(signal.steps, signal.values, strict=True):
            if step + start < end or (evaluated and step + start == end):
                yield int(step) + start, float(value)


def _say_events(runs: Sequence[Run], starts: Sequence[int], recorder: Recorder) -> None:
    """The events by the same rule."""
    ends = [*starts[1:], math.inf]
    for place, (run, start, end) in enumerate(zip(runs, starts, ends, strict=True)):
        after = runs[place + 1].events if end < math.inf else ()
        again = {event.kind for event in after if event.step == 0}
        for event in run.events:
            evaluated = event.kind == "evaluation" and event.kind not in again
            step = event.step + start
            if step < end or (evaluated and step == end):
                recorder.event(event.kind, step, **event.data)


def _training(
    fact: dict[str, Any], runs: Sequence[Run], starts: Sequence[int]
) -> dict[str, Any]:
    """The fact, with what only all attempts together tell."""
    losses = [(loss, step) for step, loss in _joined("val/loss", runs, starts)]
    kept = {"kept": min(losses)[1]} if losses else {}
    if len(runs) == 1:
        return fact | kept
    seconds = sum(run.facts.get("training", {}).get("seconds", 0.0) for run in runs)
    steps = fact.get("steps", 0) + starts[-1]
    return fact | kept | {"steps": steps, "epochs": len(losses), "seconds": seconds}


def _say_facts(facts: dict[str, Any], recorder: Recorder, *, unit: float) -> None:
    if trivial := facts.get("objective", {}).get("trivial"):
        scaled = {k: v * (unit if k in UNITED else 1) for k, v in trivial.items()}
        facts["objective"] = {**facts["objective"], "trivial": scaled}
    for name, fact in facts.items():
        if name not in OWN:
            recorder.fact(name, fact)
