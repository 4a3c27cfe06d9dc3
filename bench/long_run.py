"""What a long run leaves behind: a million steps, everything of 144 tensors at each.

    python -m bench.long_run

The steps are said as fast as they are taken, so this is far harder than any training:
what is measured is the folder, not the model. Spikes are planted, and must be found
again in what was kept. Printed and written to bench/results.
"""

import argparse
import json
import math
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.machine import describe
from wellfit.core.histogram import counts_of
from wellfit.core.run import Run
from wellfit.record import Recorder, open_run

RESULTS = Path(__file__).parent / "results" / "long_run.json"
STEPS, QUICK = 1_000_000, 30_000
FLUSH = 1_000  # steps between two waits until all is on disk
EPOCH = 500

QUANTITIES = ("grad_norm", "grad_mean", "grad_std", "weight_norm", "update_ratio")
TENSORS = [f"blocks.{block}.{part}" for block in range(12) for part in range(12)]
PLACED = tuple(f"train/{what}@{where}" for what in QUANTITIES for where in TENSORS)
WHOLE = ("loss", "accuracy", "learning_rate", "grad_norm", "weight_norm", "step_time")
WHOLE += ("data_time", "compute_time", "input_mean", "input_std", "batch_size")
NAMES = PLACED + tuple(f"train/{name}" for name in WHOLE)

# What is measured, its unit, and the bar: below it.
BARS = {
    "folder": ("MB", 300),
    "folder, at its largest while written": ("MB", 300),
    "seconds": ("s", None),
    "seconds of processor, the saying included": ("s", None),
    "million values a second": ("", None),
    "seconds to close": ("s", None),
    "memory of the recorder, at its peak": ("MB", 60),
    "longest that a call took": ("ms", None),
    "values lost": ("", 1),
    "spikes planted that are gone": ("", 1),
    "values kept": ("million", None),
}

Spikes = dict[tuple[int, int], float]  # step, column -> value


def rows(steps: int, spikes: Spikes) -> Iterator[np.ndarray]:
    """A row of numbers a step: noise, half of it of float32, and the spikes."""
    table = np.random.default_rng(0).normal(size=(4096, len(NAMES)))
    table[:, ::2] = table[:, ::2].astype(np.float32)
    planted: dict[int, list[tuple[int, float]]] = {}
    for (step, column), value in spikes.items():
        planted.setdefault(step, []).append((column, value))
    for step in range(steps):
        row = table[step % len(table)]
        if step in planted:
            row = row.copy()
            for column, value in planted[step]:
                row[column] = value
        yield row


def plant(steps: int) -> Spikes:
    """Five spikes, a NaN among them, in each of 200 signals and of train/loss.

    They stand a tenth of the run apart at least, and so in surroundings of their own.
    """
    draw = np.random.default_rng(1)
    columns = [*draw.choice(len(PLACED), 200, replace=False).tolist(), len(PLACED)]
    values = (100.0, -100.0, 1e6, math.inf, math.nan)
    return {
        (int(steps * (at + draw.uniform(0.25, 0.75)) / len(values)), column): value
        for column in columns
        for at, value in enumerate(draw.permutation(values))
    }


def gone(run: Run, spikes: Spikes) -> int:
    """How many of the spikes are no longer there, at their own steps."""
    missing = 0
    for (step, column), value in spikes.items():
        signal = run.signal(NAMES[column])
        kept = signal.values[signal.steps == step]
        missing += not np.array_equal(kept, [value], equal_nan=True)
    return missing


def size(folder: Path) -> float:
    """Megabytes of all files in it."""
    return sum(p.stat().st_size for p in folder.iterdir()) / 1e6


def peak() -> float:
    """Megabytes that this process has had at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def speak(recorder: Recorder, steps: int, spikes: Spikes) -> tuple[float, float, float]:
    """Say it all: megabytes of the folder and of memory at most, the longest call."""
    counts = counts_of(np.random.default_rng(2).normal(size=4096))
    largest, longest, before = 0.0, 0.0, 0.0
    for step, row in enumerate(rows(steps, spikes)):
        before = before or peak()  # the table of noise is made by then
        start = time.perf_counter()
        recorder.values(step, NAMES, row)
        longest = max(longest, time.perf_counter() - start)
        if step % EPOCH == 0:
            recorder.event("epoch", step, number=step // EPOCH)
            recorder.value("val/loss", step, 1.0)
            for where in TENSORS:
                recorder.histogram(f"train/gradient@{where}", step, counts)
        if step % FLUSH == 0:
            recorder.flush()
            largest = max(largest, size(recorder.folder))
    recorder.flush()
    return largest, peak() - before, 1e3 * longest


def measure(steps: int) -> dict[str, float]:
    """Every figure of `BARS`."""
    spikes = plant(steps)
    with tempfile.TemporaryDirectory() as folder:
        recorder, start = Recorder(Path(folder)), time.perf_counter()
        worked = time.process_time()
        largest, memory, longest = speak(recorder, steps, spikes)
        spoken = time.perf_counter()
        recorder.close()
        closed = time.perf_counter()
        worked = time.process_time() - worked
        run = open_run(folder)
        found = [
            size(Path(folder)),
            largest,
            closed - start,
            worked,
            steps * len(NAMES) / (spoken - start) / 1e6,
            closed - spoken,
            memory,
            longest,
            recorder.lost,
            gone(run, spikes),
            sum(map(len, run.signals.values())) / 1e6,
        ]
    return dict(zip(BARS, found, strict=True))


def main() -> None:
    """Measure, print a table, write it down; exit status 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few steps; no results")
    parser.add_argument("--steps", type=int, default=STEPS)
    chosen = parser.parse_args()
    steps = QUICK if chosen.quick else chosen.steps
    results, missed = [], 0
    for name, value in measure(steps).items():
        unit, bar = BARS[name]
        missed += bar is not None and value >= bar
        verdict = "" if bar is None else "kept" if value < bar else "MISSED"
        wanted = "" if bar is None else f"< {bar:,}"
        print(f"{name:40} {value:14,.3f} {unit:8} {wanted:10} {verdict}")
        results.append({"name": name, "value": value, "unit": unit, "bar": bar})
    if not chosen.quick and steps == STEPS:
        RESULTS.parent.mkdir(exist_ok=True)
        said = {
            "machine": describe(),
            "steps": steps,
            "signals": len(NAMES),
            "results": results,
            "missed": missed,
        }
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
