"""What watching costs: the watched training against the unwatched, paired.

    python -m bench.overhead [--quick]

A pair is two trainings of the same length in one process, one watched by the tap with
a real recorder, in alternating order; the ratio is of the time of their steps, the
first, densely looked-at steps included. Printed and written to bench/results.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.machine import describe
from wellfit.record import Recorder
from wellfit.taps.torch import TorchTap

RESULTS = Path(__file__).parent / "results" / "overhead.json"
BARS = {"mlp": 1.10, "cnn": 1.05, "transformer": 1.05}


class Block(nn.Module):
    """A transformer block as people write them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, width: int = 64, depth: int = 12) -> None:
        super().__init__()
        self.embed = nn.Embedding(100, width)
        self.blocks = nn.Sequential(*(Block(width, 4) for _ in range(depth)))
        self.head = nn.Linear(width, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.embed(x)).mean(1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 4))


def cnn() -> nn.Module:
    layers: list[nn.Module] = []
    before = 3
    for place in range(8):
        stride = 2 if place in (2, 4, 6) else 1
        width = 16 * 2 ** (place // 3)
        layers += [nn.Conv2d(before, width, 3, stride, 1), nn.ReLU()]
        before = width
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 4)]
    return nn.Sequential(*layers, *pooled)


def _numbers(*shape: int) -> Callable[[torch.Generator], Tensor]:
    return lambda g: torch.randn(2048, *shape, generator=g)


def _tokens(length: int) -> Callable[[torch.Generator], Tensor]:
    return lambda g: torch.randint(100, (2048, length), generator=g)


# name: model, its inputs, batch size, steps in a training
WORKLOADS = {
    "mlp": (mlp, _numbers(32), 32, 4000),
    "cnn": (cnn, _numbers(3, 32, 32), 64, 50),
    "transformer": (Transformer, _tokens(32), 32, 40),
}


def _batches(
    loader: DataLoader[tuple[Tensor, ...]], steps: int
) -> Iterator[list[Tensor]]:
    done = 0
    while True:
        for batch in loader:
            if done == steps:
                return
            yield batch
            done += 1


def train(workload: str, *, watched: bool, steps: int) -> float:
    """Seconds that the steps of one training took."""
    make, inputs, size, _ = WORKLOADS[workload]
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(4, (2048,), generator=generator)
    data = TensorDataset(inputs(generator), targets)
    torch.manual_seed(0)
    model = make()
    loader = DataLoader(data, size, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "run") if watched else None
        tap = TorchTap(recorder) if recorder is not None else None
        if tap is not None:
            tap.attach()
        begun = perf_counter()
        for x, y in _batches(loader, steps):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        seconds = perf_counter() - begun
        if tap is not None and recorder is not None:
            tap.finish()
            recorder.close()
    return seconds


def measure(workload: str, pairs: int, share: float) -> dict[str, float]:
    """The median ratio of a workload's pairs, with its 95 % interval."""
    steps = max(20, int(WORKLOADS[workload][3] * share))
    for watched in (False, True):
        train(workload, watched=watched, steps=steps // 4)
    ratios, bare = [], []
    for pair in range(pairs):
        order = (True, False) if pair % 2 else (False, True)
        seconds = {w: train(workload, watched=w, steps=steps) for w in order}
        ratios.append(seconds[True] / seconds[False])
        bare.append(seconds[False] / steps)
    ratios.sort()
    # The order statistics that hold the median with 95 % (binomial, normal approx.).
    reach = 0.98 * pairs**0.5
    low, high = round(pairs / 2 - reach), round(pairs / 2 + reach)
    return {
        "ratio": statistics.median(ratios),
        "low": ratios[max(low - 1, 0)],
        "high": ratios[min(high, pairs - 1)],
        "bar": BARS[workload],
        "step_ms": 1e3 * statistics.median(bare),
        "steps": steps,
        "pairs": pairs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="6 short pairs, not kept")
    parser.add_argument("--only", choices=list(WORKLOADS), help="one workload")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    pairs, share = (6, 0.3) if chosen.quick else (30, 1.0)
    found = {}
    for name in [chosen.only] if chosen.only else WORKLOADS:
        found[name] = got = measure(name, pairs, share)
        print(
            f"{name:12} a step {got['step_ms']:7.3f} ms   watched x{got['ratio']:.3f} "
            f"[{got['low']:.3f}, {got['high']:.3f}]   bar {got['bar']:.2f}"
        )
    if not chosen.quick and not chosen.only:
        RESULTS.parent.mkdir(exist_ok=True)
        said = {"machine": describe(), "workloads": found}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main()
