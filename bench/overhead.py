"""What watching costs: watched trainings against bare ones, interleaved.

    python -m bench.overhead [--quick] [--only mlp]

In each round every way trains once, in an order of its own: bare, watched by default,
watched at every step and, in some of the rounds, other watchers and other loops. A
ratio is of the seconds a step, to those of the bare training of the same round; all
steps count, the first and densely looked-at ones too. Told are the medians, with the
interval that holds them at 95 %. A training is of several seconds: one of a second
pays more for its first looks.

Memory is that of a process of its own, at the end of its training: watched less bare.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn

from bench.machine import describe
from bench.peers import PEERS
from bench.workloads import WORKLOADS, Workload
from wellfit.record import Recorder
from wellfit.taps.torch import TorchTap

RESULTS = Path(__file__).parent / "results" / "overhead.json"
ROUNDS = 30
PEER_ROUNDS = 15  # every so manieth round is one with peers
SHORT = 4  # times shorter are trainings at every step, and the peers'


def _train(work: Workload, steps: int) -> float:
    model = work.model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    begun = perf_counter()
    for x, y in work.batches(steps):
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    if work.device == "cuda":
        torch.cuda.synchronize()
    return perf_counter() - begun


def _watched(work: Workload, steps: int, every: int | None = None) -> float:
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "run")
        tap = TorchTap(recorder, every=every)
        tap.attach()
        seconds = _train(work, steps)
        tap.finish()
        recorder.close()
    return seconds


def _every(work: Workload, steps: int) -> float:
    return _watched(work, steps, every=1)


OURS: dict[str, Callable[[Workload, int], float]] = {
    "bare": _train,
    "default": _watched,
    "every step": _every,
}


def measure(name: str, rounds: int, share: float) -> dict[str, Any]:
    """The median ratio of each way of training a workload, with its interval."""
    work = WORKLOADS[name]
    steps = max(20, int(work.steps * share))
    shuffled = random.Random(0)
    seconds: dict[str, list[float]] = {}
    for number in range(-1, rounds):  # the first one warms up
        ways = {**OURS, **(PEERS if number % PEER_ROUNDS == 0 else {})}
        for way in shuffled.sample(sorted(ways), len(ways)):
            long = way in ("bare", "default") and number >= 0
            count = steps if long else max(20, steps // SHORT)
            a_step = ways[way](work, count) / count
            if number >= 0:
                seconds.setdefault(way, [float("nan")] * rounds)[number] = a_step
    bare = seconds.pop("bare")
    bars = {"default": work.default, "every step": work.every}
    return {
        "step_ms": 1e3 * statistics.median(bare),
        "steps": steps,
        "ways": {
            way: _ratio(own, bare) | ({"bar": bars[way]} if way in bars else {})
            for way, own in sorted(seconds.items())
        },
    }


def _ratio(own: list[float], bare: list[float]) -> dict[str, float]:
    ratios = sorted(a / b for a, b in zip(own, bare, strict=True) if a == a)  # noqa: PLR0124
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
    work = WORKLOADS[name]
    tensors = sum(p.nbytes for p in work.model().parameters())
    return {
        "bare_mib": mib["bare"],
        "watched_more_mib": mib["default"] - mib["bare"],
        "model_and_optimizer_mib": 3 * tensors / 2**20,  # weights, and AdamW's two
    }


def _resident(name: str, way: str) -> None:
    """Print how many MiB this process holds at the end of a training."""
    import psutil

    seen = []
    train = WORKLOADS[name].batches

    def batches(self: Workload, steps: int) -> Any:
        yield from train(steps)
        seen.append(psutil.Process().memory_info().rss / 2**20)

    Workload.batches = batches  # type: ignore[method-assign]
    OURS[way](WORKLOADS[name], max(40, WORKLOADS[name].steps // SHORT))
    print(seen[0])


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
    parser.add_argument("--only", choices=list(WORKLOADS), help="one workload")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.memory:
        _resident(*chosen.memory)
        return
    rounds, share = (4, 0.1) if chosen.quick else (ROUNDS, 1.0)
    here = [n for n, w in WORKLOADS.items() if _has(w.device)]
    found = (
        json.loads(RESULTS.read_text()).get("workloads", {}) if RESULTS.exists() else {}
    )
    for name in [chosen.only] if chosen.only else here:
        found[name] = measure(name, rounds, share) | {"memory": memory(name)}
        found[name]["machine"] = describe()
        _told(name, found[name])
        if not chosen.quick:
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps({"workloads": found}, indent=2) + "\n")


def _has(device: str) -> bool:
    return device == "cpu" or torch.cuda.is_available()


if __name__ == "__main__":
    main()
