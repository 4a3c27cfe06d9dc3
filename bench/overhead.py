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
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from bench.machine import describe
from bench.peers import PEERS, loop
from bench.turns import Training, Turns
from bench.workloads import WORKLOADS, Workload
from wellfit.record import Recorder
from wellfit.taps.torch import TorchTap

RESULTS = Path(__file__).parent / "results" / "overhead.json"
ROUNDS = 30
PEER_ROUNDS = 6  # every so manieth round is one with peers
RENEWED = 10  # rounds after which the processes are new ones


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


def measure(work: Workload, rounds: int, share: float) -> Iterator[dict[str, Any]]:
    """The median ratio of each way of training, with its interval: after each round."""
    steps = max(20, int(work.steps * share))
    shuffled = random.Random(0)
    ratios: dict[str, list[float]] = {}
    per_step = []
    bars = {"default": work.default, "every step": work.every}
    for number in range(rounds):
        if number % RENEWED == 0:
            trainings = _warm(work)
        ways = [*OURS, *(PEERS if number % PEER_ROUNDS == 0 else ())]
        seconds = _round({w: trainings[w] for w in ways}, steps, work, shuffled)
        alone = sum(seconds["bare"])
        per_step.append(alone / steps)
        for way in ways[1:]:
            ratios.setdefault(way, []).append(sum(seconds[way]) / alone)
        if number % RENEWED == RENEWED - 1 or number == rounds - 1:
            for training in trainings.values():
                training.close()
        yield {
            "step_ms": 1e3 * statistics.median(per_step),
            "steps": steps,
            "ways": {
                way: _told_of(own) | ({"bar": bars[way]} if way in bars else {})
                for way, own in sorted(ratios.items())
            },
        }


def _warm(work: Workload) -> dict[str, Training]:
    """A process for each way, in which all is imported.

    Where things lie in its memory makes a process a percent or two faster or slower
    than another, for as long as it lives: there is to be more than one.
    """
    trainings = {way: Training(train, work) for way, train in (OURS | PEERS).items()}
    for training in trainings.values():
        training.start(20, 20, work.device)
        training.turn()
        training.end()
    return trainings


def _round(
    trainings: dict[str, Training],
    steps: int,
    work: Workload,
    shuffled: random.Random,
) -> dict[str, list[float]]:
    """The seconds of each turn of these trainings, side by side."""
    seconds: dict[str, list[float]] = {way: [] for way in trainings}
    for training in trainings.values():
        training.start(steps, work.turn, work.device)
    for _ in range(-(-steps // work.turn)):
        for way in shuffled.sample(sorted(trainings), len(trainings)):
            seconds[way].append(trainings[way].turn())
    for training in trainings.values():
        training.end()
    return seconds


def _told_of(ratios: list[float]) -> dict[str, float]:
    ratios = sorted(ratios)
    # The order statistics that hold the median with 95 % (binomial, normal approx.).
    reach = 0.98 * len(ratios) ** 0.5
    low, high = round(len(ratios) / 2 - reach), round(len(ratios) / 2 + reach)
    return {
        "ratio": statistics.median(ratios),
        "low": ratios[max(low - 1, 0)],
        "high": ratios[min(high, len(ratios) - 1)],
        "pairs": len(ratios),
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
    print(f"{name}: a bare step {found['step_ms']:.3f} ms, {found['steps']} steps")
    for way, got in found["ways"].items():
        bar = f"   bar {got['bar']:.2f}" if "bar" in got else ""
        interval = f"[{got['low']:.3f}, {got['high']:.3f}]"
        print(f"  {way:12} x{got['ratio']:.3f} {interval}, {got['pairs']} pairs{bar}")
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
        for found in measure(WORKLOADS[name], rounds, share):
            kept[name] = found | begun
            if not chosen.quick:
                RESULTS.parent.mkdir(exist_ok=True)
                RESULTS.write_text(json.dumps({"workloads": kept}, indent=2) + "\n")
        _told(name, kept[name])


def _has(device: str) -> bool:
    return device == "cpu" or torch.cuda.is_available()


if __name__ == "__main__":
    main()
