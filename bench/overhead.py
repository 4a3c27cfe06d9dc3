"""What watching costs: watched trainings beside bare ones, turn by turn.

    python -m bench.overhead [--quick] [--rounds 30] [--only mlp]

In each round every way trains once, all of them together, in turns of half a
second (bench/turns.py): bare, watched by default, watched at every step and, in some of
the rounds, other watchers and other loops. A ratio is of a training's seconds to those
of the bare one of the same round; all steps count, the first and densely looked-at ones
too. Told are the medians over the rounds, with the interval that holds them at 95 %. A
training is of several seconds: one of a second pays more for its first looks.

Memory is that of a process of its own, at the end of its training: watched less bare.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench.machine import describe
from bench.paired import Ways, measure, show
from bench.peers import PEERS, loop
from bench.turns import Turns
from bench.workloads import WORKLOADS, Workload
from wellfit.record import Recorder
from wellfit.taps.torch import TorchTap

RESULTS = Path(__file__).parent / "results" / "overhead.json"
ROUNDS = 30


def bare(turns: Turns, work: Workload) -> None:
    """Watched by nobody."""
    loop(turns, work, work.model())


def watched(turns: Turns, work: Workload, every: int | None = None) -> None:
    """As `wellfit run` watches; `every` is its option."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "run")
        tap = TorchTap(recorder, every=every)
        tap.attach()
        loop(turns, work, work.model())
        tap.finish()
        recorder.close()


def every_step(turns: Turns, work: Workload) -> None:
    """Each step is looked at in full."""
    watched(turns, work, every=1)


OURS: dict[str, Callable[[Turns, Workload], None]] = {
    "bare": bare,
    "default": watched,
    "every step": every_step,
}


def memory(name: str) -> dict[str, float]:
    """MiB that a watched training holds beyond a bare one, each in its own process."""
    command = [sys.executable, "-m", "bench.overhead", "--memory", name]
    mib = {}
    for way in ("bare", "default"):
        each = [
            float(subprocess.check_output([*command, way], text=True)) for _ in range(3)
        ]
        mib[way] = statistics.median(each)
    tensors = sum(p.nbytes for p in WORKLOADS[name].model().parameters())
    return {
        "bare_mib": mib["bare"],
        "watched_more_mib": mib["default"] - mib["bare"],
        "model_and_optimizer_mib": 3 * tensors / 2**20,  # weights, and AdamW's two
    }


class _Alone(Turns):
    """All steps in one turn, at the end of which the process says what it holds."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._done = 0

    def begin(self) -> None:
        pass

    def step(self) -> bool:
        self._done += 1
        if self._done == self.steps:
            import psutil

            print(psutil.Process().memory_info().rss / 2**20)
        return self._done < self.steps


def _told(name: str, found: dict[str, Any]) -> None:
    show(name, found)
    if "memory" in found:
        print(f"  memory       {found['memory']['watched_more_mib']:+.0f} MiB")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4 short rounds, not kept")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="30 by default")
    parser.add_argument("--only", choices=list(WORKLOADS), help="one workload")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.memory:
        name, way = chosen.memory
        work = WORKLOADS[name]
        OURS[way](_Alone(min(work.steps, 2000)), work)
        return
    rounds, share = (4, 0.1) if chosen.quick else (chosen.rounds, 1.0)
    here = [n for n, w in WORKLOADS.items() if _has(w.device)]
    kept = (
        json.loads(RESULTS.read_text()).get("workloads", {}) if RESULTS.exists() else {}
    )
    for name in [chosen.only] if chosen.only else here:
        begun = {"memory": memory(name), "machine": describe()}
        work = WORKLOADS[name]
        bars = {"default": work.default, "every step": work.every}
        ways = Ways(often=OURS, seldom=PEERS, bars=bars)
        steps = max(20, int(work.steps * share))
        for found in measure(ways, work, rounds=rounds, steps=steps):
            kept[name] = found | begun
            if not chosen.quick:
                RESULTS.parent.mkdir(exist_ok=True)
                RESULTS.write_text(json.dumps({"workloads": kept}, indent=2) + "\n")
        _told(name, kept[name])


def _has(device: str) -> bool:
    return device == "cpu" or torch.cuda.is_available()


if __name__ == "__main__":
    main()
