"""What our own trainer costs, beside the loops that people write.

    python -m bench.training [--quick] [--rounds 20] [--only step]

*step*: a step of a small network, validated and logged, beside a bare loop with a
DataLoader that is neither, and beside other trainers. *feeding*: rows a second from
memory, beside a DataLoader's. *saving*: with checkpoints due every 50 steps, beside
none. *pictures*: a CNN on pictures of 32 × 32, the same epochs, beside the loop that
most people write. What is paired is done in turns (bench/paired.py).
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench.machine import describe
from bench.paired import measure, show
from bench.training import feeding, pictures, saving, step
from bench.workloads import WORKLOADS

RESULTS = Path(__file__).parents[1] / "results" / "training.json"
ROUNDS = 20
QUICK = 2, 0.05  # rounds, and the share of their steps; without other trainers


def steps(rounds: int, share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """A step, by AdamW and by SGD."""
    work = WORKLOADS["mlp"]
    for name, ways in step.WAYS.items():
        count = int(work.steps * share)
        compared = ways if share == 1 else replace(ways, seldom={})
        for found in measure(compared, work, rounds=rounds, steps=count):
            last = found
        show(name, last)
        yield name, last


def feeds(rounds: int, share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows a second."""
    for name, found in feeding.measure(max(2, int(rounds * share))):
        rate = f"{found['rows_per_second']:,} rows a second"
        interval = f"[{found['low']:.1f}, {found['high']:.1f}]"
        print(f"{name}: {rate}, x{found['ratio']:.1f} {interval}   bar {feeding.BAR}")
        yield name, found


def saves(rounds: int, share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Checkpoints, of trainings long enough for several.

    What is looked for is less than what one process differs by from another: each round
    has processes of its own.
    """
    for name, many in (("mlp", 10_000), ("cnn", 250)):
        count = max(60, int(many * share))
        work = WORKLOADS[name]
        for found in measure(saving.WAYS, work, rounds=rounds, steps=count, renewed=1):
            last = found
        show(name, last)
        yield name, last


def paints(rounds: int, share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pictures, on all cores."""
    if not pictures.DATA.is_dir():
        print(f"pictures: left out, for there is nothing at {pictures.DATA}")
        return
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    few = max(20, int(pictures.EACH * share))
    for name, found in pictures.measure(max(1, rounds // 4), few):
        interval = f"[{found['low']:.3f}, {found['high']:.3f}]"
        print(
            f"pictures, {name}: x{found['ratio']:.3f} {interval}   bar {found['bar']}"
        )
        for way, right in found["accuracies"].items():
            print(f"  {way}: {', '.join(f'{a:.3f}' for a in right)} right")
        yield name, found


PARTS = {"step": steps, "feeding": feeds, "saving": saves, "pictures": paints}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short, and not kept")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} usually")
    parser.add_argument("--only", choices=list(PARTS), help="one part")
    chosen = parser.parse_args()
    rounds, share = QUICK if chosen.quick else (chosen.rounds, 1.0)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in [chosen.only] if chosen.only else PARTS:
        torch.set_num_threads(1)
        found = dict(PARTS[part](rounds, share))
        sys.stdout.flush()
        kept[part] = {"found": found, "machine": describe()}
        if not chosen.quick:
            RESULTS.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
