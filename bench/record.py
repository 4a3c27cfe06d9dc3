"""What recording costs: values a second, seconds to read, bytes on disk.

    python -m bench.record

Every rate is sustained: the time ends when the last value is on disk, and none may be
lost. Printed and written to bench/results.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import describe
from wellfit.record import Recorder, open_run

RESULTS = Path(__file__).parent / "results" / "record.json"
GROUP = tuple(f"train/grad_norm@layer{n}.weight" for n in range(100))
SINGLES = tuple(f"train/single{n}" for n in range(20))
MILLION = 1_000_000
REPEATS = 3

# What is measured, its unit, the bar, and whether more is better.
BARS = {
    "values in groups of 100": ("values/s", 200_000, True),
    "arrays in groups of 100": ("values/s", 200_000, True),
    "values one by one": ("values/s", 200_000, True),
    "one call of value": ("µs", 0.3, False),
    "one call of values": ("µs", None, False),
    "close after 4 million values": ("s", None, False),
    "read a million points": ("s", 0.3, False),
    "float64 noise": ("bytes/value", 12, False),
    "float32 noise": ("bytes/value", 12, False),
    "float64 noise, irregular steps": ("bytes/value", 12, False),
    "float64 noise, 4 million, not closed": ("bytes/value", 12, False),
    "processor at 5,000 values/s": ("% of a core", None, False),
}


def speak_groups(recorder: Recorder, rows: Sequence[Any] | np.ndarray) -> int:
    """Four million values in groups, as fast as they are taken: how many."""
    for start in range(0, 40_000, 10_000):
        for step in range(start, start + 10_000):
            recorder.values(step, GROUP, rows[step % len(rows)])
        recorder.flush()
    return 40_000 * len(GROUP)


def speak_singles(recorder: Recorder, numbers: Sequence[float]) -> int:
    """A million values, one by one, of twenty signals."""
    for step in range(MILLION // len(SINGLES)):
        for name in SINGLES:
            recorder.value(name, step, numbers[step])
    recorder.flush()
    return MILLION


def rate(speak: Callable[[Recorder], int]) -> tuple[float, float]:
    """Values a second until the last is on disk, and seconds to close after that."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder))
        start = time.perf_counter()
        count = speak(recorder)
        spoken = time.perf_counter()
        recorder.close()
        if recorder.lost:
            raise RuntimeError(f"{recorder.lost} of {count} values were lost")
        return count / (spoken - start), time.perf_counter() - spoken


def call(speak: Callable[[Recorder, int], None]) -> float:
    """Microseconds that a call holds the training up, the loop around it included."""
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder)) as recorder:
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            for step in range(10_000):
                speak(recorder, step)
            taken.append(time.perf_counter() - start)
            recorder.flush()
        return statistics.median(taken) / 10_000 * 1e6


def read_million(numbers: np.ndarray) -> float:
    """Seconds from the folder's path to the numbers of its one long signal."""
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(Path(folder)) as recorder:
            for step, number in enumerate(numbers.tolist()):
                recorder.value("train/loss", step, number)
        start = time.perf_counter()
        signal = open_run(folder).signal("train/loss")
        taken = time.perf_counter() - start
        if not np.array_equal(signal.values, numbers):
            raise RuntimeError("what was read is not what was written")
        return taken


def size(rows: np.ndarray, steps: Sequence[int], *, close: bool = True) -> float:
    """Bytes a value of all files in the folder, said a row a step."""
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder)) as recorder:
        for at, (step, row) in enumerate(zip(steps, rows, strict=True)):
            recorder.values(step, GROUP, row)
            if at % 500 == 0:
                recorder.flush()
        recorder.flush()
        if close:
            recorder.close()
        used = sum(
            p.stat().st_size for p in Path(folder).iterdir() if p.suffix != ".db-shm"
        )
        return used / rows.size


def burden(seconds: float = 5.0) -> float:
    """Percent of a core: 50 groups of 100 a second, less the loop that says them."""

    def spent(recorder: Recorder | None) -> float:
        start, row = time.process_time(), [0.1] * len(GROUP)
        for step in range(int(50 * seconds)):
            if recorder:
                recorder.values(step, GROUP, row)
            time.sleep(0.02)
        if recorder:
            recorder.flush()
        return time.process_time() - start

    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder)) as recorder:
        return 100 * (spent(recorder) - spent(None)) / seconds


def measure() -> dict[str, float]:
    """Every figure of `BARS`: medians of the rates, the worst of the readings."""
    noise = np.random.default_rng(0).normal(size=(10_000, len(GROUP)))
    lists, flat = noise.tolist(), noise.ravel()[:MILLION]
    single, row = flat.tolist(), noise[0].tolist()
    irregular = np.cumsum(np.random.default_rng(1).integers(1, 30, len(noise))).tolist()
    groups = [
        rate(lambda recorder: speak_groups(recorder, lists)) for _ in range(REPEATS)
    ]
    arrays = [
        rate(lambda recorder: speak_groups(recorder, noise)) for _ in range(REPEATS)
    ]
    ones = [
        rate(lambda recorder: speak_singles(recorder, single)) for _ in range(REPEATS)
    ]
    found = [
        statistics.median(fast for fast, _ in groups),
        statistics.median(fast for fast, _ in arrays),
        statistics.median(fast for fast, _ in ones),
        call(lambda recorder, step: recorder.value("train/loss", step, 0.1)),
        call(lambda recorder, step: recorder.values(step, GROUP, row)),
        max(slow for _, slow in groups),
        max(read_million(flat) for _ in range(REPEATS)),
        size(noise, range(len(noise))),
        size(noise.astype(np.float32), range(len(noise))),
        size(noise, irregular),
        size(np.tile(noise, (4, 1)), range(4 * len(noise)), close=False),
        burden(),
    ]
    return dict(zip(BARS, found, strict=True))


def main() -> None:
    """Measure, print a table, write it down; exit status 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="keep no results")
    chosen = parser.parse_args()
    results, missed = [], 0
    for name, value in measure().items():
        unit, bar, more = BARS[name]
        kept = bar is None or (value >= bar if more else value < bar)
        missed += not kept
        wanted = "" if bar is None else f"{'≥' if more else '<'} {bar:,}"
        verdict = "" if bar is None else "kept" if kept else "MISSED"
        print(f"{name:36} {value:14,.3f} {unit:12} {wanted:10} {verdict}")
        results.append({"name": name, "value": value, "unit": unit, "bar": bar})
    if not chosen.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        said = {"machine": describe(), "results": results, "missed": missed}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
