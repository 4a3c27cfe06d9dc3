"""What watching LightGBM costs: the watched training against the unwatched, paired.

    python -m bench.boosting [--quick]

100,000 rows of 50 columns, two classes, LightGBM's defaults on two threads, with a
validation set. A pair is two trainings in one process, one watched by the tap with a
real recorder, in alternating order; the ratio is of the whole of `lightgbm.train`, the
data sets being made of arrays included. Printed and written to bench/results.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import lightgbm as lgb
import numpy as np

from bench.machine import describe
from wellfit.record import Recorder
from wellfit.taps.boosting.lightgbm import LightGBMTap

RESULTS = Path(__file__).parent / "results" / "boosting.json"
BAR = 1.03
ROWS, COLUMNS, ROUNDS = 100_000, 50, 100
PARAMETERS = {"objective": "binary", "num_threads": 2, "verbosity": -1, "seed": 0}


def table() -> tuple[Any, Any, Any, Any]:
    """Rows and targets, for training and validation."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS + ROWS // 5, COLUMNS))
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3])
    y = (score + generator.normal(size=len(x)) > 0).astype(float)
    return x[:ROWS], y[:ROWS], x[ROWS:], y[ROWS:]


def boost(data: tuple[Any, Any, Any, Any], rounds: int) -> None:
    """One training, as people write it."""
    x, y, x_val, y_val = data
    train = lgb.Dataset(x, y)
    val = lgb.Dataset(x_val, y_val, reference=train)
    lgb.train(PARAMETERS, train, rounds, valid_sets=[val])


def train(data: tuple[Any, Any, Any, Any], *, watched: bool, rounds: int) -> float:
    """Seconds that one training took."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "run") if watched else None
        tap = LightGBMTap(recorder) if recorder is not None else None
        if tap is not None:
            tap.attach()
        begun = perf_counter()
        boost(data, rounds)
        seconds = perf_counter() - begun
        if tap is not None and recorder is not None:
            tap.detach()
            recorder.close()
    return seconds


def measure(pairs: int, rounds: int) -> dict[str, float]:
    """The median ratio of the pairs, with its 95 % interval."""
    data = table()
    for watched in (False, True):
        train(data, watched=watched, rounds=rounds // 4)
    ratios, bare = [], []
    for pair in range(pairs):
        order = (True, False) if pair % 2 else (False, True)
        seconds = {w: train(data, watched=w, rounds=rounds) for w in order}
        ratios.append(seconds[True] / seconds[False])
        bare.append(seconds[False])
    ratios.sort()
    # The order statistics that hold the median with 95 % (binomial, normal approx.).
    reach = 0.98 * pairs**0.5
    low, high = round(pairs / 2 - reach), round(pairs / 2 + reach)
    return {
        "ratio": statistics.median(ratios),
        "low": ratios[max(low - 1, 0)],
        "high": ratios[min(high, pairs - 1)],
        "bar": BAR,
        "seconds": statistics.median(bare),
        "rounds": rounds,
        "pairs": pairs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="6 short pairs, not kept")
    chosen = parser.parse_args()
    pairs, rounds = (6, ROUNDS // 2) if chosen.quick else (30, ROUNDS)
    got = measure(pairs, rounds)
    print(
        f"lightgbm     a training {got['seconds']:.2f} s   watched x{got['ratio']:.3f} "
        f"[{got['low']:.3f}, {got['high']:.3f}]   bar {got['bar']:.2f}"
    )
    if not chosen.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        said = {"machine": describe(), "workloads": {"lightgbm": got}}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main()
