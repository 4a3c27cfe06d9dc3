"""How long `diagnose` takes on a large run: 100 layers, a million points.

    python -m bench.diagnose [--quick]

A residual net of 100 layers is trained for some steps and looked at in each. What was
seen is written down again and again, a little otherwise each time, until it is a
million numbers; the facts are those of the training. Then every rule judges it, in a
fresh process, from opening the folder to the last finding. Printed and written to
bench/results.
The bar is for seconds of processor, which on a machine of one's own are those of the
clock.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.machine import describe
from wellfit.core.run import Run
from wellfit.record import Recorder, open_run
from wellfit.taps.torch import TorchTap

RESULTS = Path(__file__).parent / "results" / "diagnose.json"
LAYERS, EPOCHS = 100, 4
POINTS, QUICK = 1_000_000, 50_000
REPEATS = 5
BAR = 2.0  # seconds

JUDGE = """
import sys, time
begun = time.perf_counter()
from wellfit.verbs.diagnose import diagnose
found = diagnose(sys.argv[1])
spent = time.perf_counter() - begun, time.process_time()
failed = [said for said in found.not_checked.values() if "failed" in said.reason]
assert not failed, failed
print(*spent)
"""


class Block(nn.Module):
    """A layer that is added to what enters it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.1 * torch.relu(self.linear(self.norm(x)))


def train(folder: Path) -> Run:
    """A training of 100 layers, of which each step is looked at."""
    torch.manual_seed(0)
    x = torch.randn(320, 16)
    y = (x[:, :4] + 0.3 * torch.randn(320, 4)).argmax(1)
    rows = DataLoader(TensorDataset(x[:256], y[:256]), 32, shuffle=True)
    blocks = [Block(16) for _ in range(LAYERS)]
    net = nn.Sequential(*blocks, nn.Linear(16, 4))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    with Recorder(folder) as recorder:
        tap = TorchTap(recorder, every=1)
        tap.attach()
        for _ in range(EPOCHS):
            net.train()
            for inputs, targets in rows:
                optimizer.zero_grad()
                criterion(net(inputs), targets).backward()
                optimizer.step()
            net.eval()
            with torch.no_grad():
                criterion(net(x[256:]), y[256:])
        tap.finish()
    return open_run(folder)


def stretch(run: Run, folder: Path, points: int) -> int:
    """Write the run so often that it has so many numbers; how many it then has."""
    draw = np.random.default_rng(0)
    times = -(-points // sum(map(len, run.signals.values())))
    steps = run.last_step + 1
    written = 0
    with Recorder(folder) as recorder:
        for name, fact in run.facts.items():
            recorder.fact(name, fact)
        for event in run.events:
            recorder.event(event.kind, event.step, **event.data)
        for again in range(times):
            for name, signal in run.signals.items():
                moved = signal.values * draw.normal(1, 0.01, len(signal))
                for step, value in zip(signal.steps, moved, strict=True):
                    recorder.value(name, int(step) + again * steps, float(value))
                written += len(signal)
            recorder.flush()
    return written


def seconds(folder: Path) -> tuple[float, float]:
    """To import, open and judge, in a process of its own: by the clock, of processor.

    The second has the start of Python in it too.
    """
    command = [sys.executable, "-c", JUDGE, str(folder)]
    clock, processor = subprocess.check_output(command, text=True).split()
    return float(clock), float(processor)


def measure(points: int, repeats: int) -> dict[str, float]:
    """The median of some diagnoses, their least and most, and the run's size."""
    with tempfile.TemporaryDirectory() as base:
        run = train(Path(base) / "seen")
        written = stretch(run, Path(base) / "long", points)
        spent = [seconds(Path(base) / "long") for _ in range(repeats)]
    return {
        "points": written,
        "signals": len(run.signals),
        "layers": LAYERS,
        "seconds": statistics.median(clock for clock, _ in spent),
        "seconds of processor": statistics.median(used for _, used in spent),
        "most": max(used for _, used in spent),
        "bar": BAR,
    }


def main() -> None:
    """Measure, print, write it down; exit status 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few points; no results")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    points, repeats = (QUICK, 1) if asked.quick else (POINTS, REPEATS)
    found = measure(points, repeats)
    for name, value in found.items():
        print(f"{name:22} {value:14,.3f}")
    if not asked.quick:
        said = found | {"machine": describe()}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")
    raise SystemExit(found["seconds of processor"] > BAR)


if __name__ == "__main__":
    main()
