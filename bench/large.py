"""How much memory a training takes on tables that are larger than it.

    python -m bench.large [--quick]

A table is made in a temporary folder, and each training on it is a process of its own,
of which the most resident memory and the time are told. Printed and written to
bench/results; the exit status is 1 where a training takes more than it may.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.machine import describe
from wellfit.trainer.room import bytes_of

RESULTS = Path(__file__).parent / "results" / "large.json"
CHUNK = 200_000  # rows
CITIES = np.array([f"city_{i}" for i in range(40)])

# What is trained, and the most memory for it.
RECIPE = ("--set", "model.name=mlp", "--set", "loop.epochs=1")
CASES = (
    ("the network of a recipe, on all rows", RECIPE, "2G"),  # half of it its targets
    ("the network of a recipe, on all rows", RECIPE, "2500M"),
    ("all candidates, on a sample", ("--budget", "120s"), "1500M"),
    ("all candidates, on a sample", ("--budget", "120s"), "3G"),
)
QUICK = (
    ("the network of a recipe, on all rows", RECIPE, "800M"),
    ("all candidates, on a sample", ("--budget", "20s"), "800M"),
)


def make(path: Path, size: int) -> int:
    """Write a table of about so many bytes; its number of rows."""
    rng, rows = np.random.default_rng(0), 0
    while not path.exists() or path.stat().st_size < size:
        _chunk(rng, CHUNK).to_csv(path, mode="a", header=rows == 0, index=False)
        rows += CHUNK
    return rows


def _chunk(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Twelve numbers, two categories, a date; three classes, some of them missing."""
    x = rng.normal(size=(rows, 12)).round(5)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(12)])
    frame["city"] = CITIES[(rng.random(rows) ** 2 * len(CITIES)).astype(int)]
    frame["kind"] = rng.choice(["a", "b", "c"], rows)
    seconds = pd.to_timedelta(rng.integers(0, 10**8, rows), unit="s")
    frame["when"] = pd.Timestamp("2020-01-01") + seconds
    score = 2 * x[:, 0] + x[:, 1] * x[:, 2] + 1.5 * (frame["kind"] == "a")
    score += rng.normal(size=rows)
    frame.loc[rng.random(rows) < 0.05, "x3"] = np.nan
    frame["y"] = np.select([score > 2, score < -2], ["high", "low"], "mid")
    frame.loc[rng.random(rows) < 0.01, "y"] = None
    return frame


def run(words: list[str], out: Path) -> tuple[int, float, float]:
    """Exit status, most resident memory in MiB, and seconds, of a process."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.execv(sys.executable, [sys.executable, "-m", "wellfit", *words])
    _, status, used = os.wait4(child, 0)
    seconds = time.monotonic() - began
    return os.waitstatus_to_exitcode(status), used.ru_maxrss / 1024, seconds


def measured(folder: Path, *, quick: bool) -> dict[str, Any]:
    """The table, and what each training on it took."""
    table = folder / "table.csv"
    rows = make(table, 80 * 2**20 if quick else 2 * 2**30)
    size = table.stat().st_size / 2**20
    print(f"{rows:,} rows, {size:,.0f} MiB of CSV")
    cases = []
    for number, (what, words, memory) in enumerate(QUICK if quick else CASES):
        asked = ["train", str(table), "--target", "y", "--memory", memory]
        out = ["--out", str(folder / f"run-{number}")]
        status, peak, seconds = run([*asked, *words, *out], folder / "said")
        kept = status == 0 and peak <= bytes_of(memory) / 2**20
        if status:
            print((folder / "said").read_text())
        print(
            f"{what}, --memory {memory}: {peak:,.0f} MiB at most, {seconds:.0f} s"
            + ("" if kept else "  MISSED"),
            flush=True,
        )
        case = {"trained": what, "memory": memory, "peak_mib": round(peak)}
        cases.append(case | {"seconds": round(seconds), "kept": kept})
    return {"rows": rows, "table_mib": round(size), "cases": cases}


def main() -> None:
    """Make the table, run each case, say what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small table; no file")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as place:
        found = measured(Path(place), quick=quick)
    if not quick:
        said = {"machine": describe(), **found}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    sys.exit(not all(case["kept"] for case in found["cases"]))


if __name__ == "__main__":
    main()
