"""Whether `wellfit train` keeps its time: the whole process, against its budget.

    python -m bench.budgets [--quick] [--only NAME …] [--go-on]

Tables from 100 to 1,000,000 rows, made and real, with budgets of 10, 60 and 300
seconds: wall time of the whole process from its start to its end, peak memory, and
what came of it. The bar: a model every time, and at most a tenth over the budget. Two
threads, one process at a time. Printed, and written to bench/results after each;
`--go-on` keeps those that are there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.machine import describe
from bench.tables_sets import DATA, SETS

RESULTS = Path(__file__).parent / "results" / "budgets.json"
BUDGETS = (10, 60, 300)
OVER = 0.1  # of the budget: the bar
ROWS = (100, 1_000, 10_000, 100_000, 1_000_000)
REAL = ("sonar", "ames", "adult", "diamonds", "digits")
KINDS = ("regression", "classification")


def made(rows: int, task: str) -> tuple[pd.DataFrame, str]:
    """20 numbers with gaps, 4 categories, a date, an id; a target of a few of them."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {"id": np.arange(rows)}
    x = rng.normal(size=(rows, 20)).round(4)
    for k in range(20):
        gaps = rng.random(rows) < 0.03 * (k % 3 == 0)
        columns[f"number_{k}"] = np.where(gaps, np.nan, x[:, k])
    for k, levels in enumerate((3, 12, 60, 900)):
        codes = rng.integers(0, levels, rows)
        columns[f"category_{k}"] = np.char.add("c", codes.astype(str))
    days = rng.integers(15_000, 20_000, rows).astype("datetime64[D]")
    columns["day"] = days.astype(str)
    signal = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + (columns["category_1"] < "c5")
    signal = signal + 0.5 * rng.normal(size=rows)
    classes = np.digitize(signal, np.quantile(signal, (0.4, 0.8)))
    columns["target"] = (
        signal if task == "regression" else np.array(["a", "b", "c"])[classes]
    )
    return pd.DataFrame(columns), "target"


def tables() -> Mapping[str, Callable[[], tuple[pd.DataFrame, str]]]:
    found: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {}
    for rows in ROWS:
        for task in KINDS:
            found[f"made-{rows}-{task}"] = lambda r=rows, t=task: made(r, t)
    for name in REAL if DATA.is_dir() else ():
        found[name] = lambda n=name: _real(n)
    return found


def _real(name: str) -> tuple[pd.DataFrame, str]:
    table = SETS[name]()
    return table.frame.drop(columns=list(table.drop)), table.target


def write(name: str, path: str) -> None:
    """Write the table, and say what it is."""
    frame, target = tables()[name]()
    frame.to_csv(path, index=False)
    said = {"table": name, "rows": len(frame), "columns": frame.shape[1]}
    print(json.dumps(said | {"target": target}))


def written(name: str, path: Path) -> dict[str, Any]:
    """By a process of its own: what a process has in memory is told of its children."""
    words = [sys.executable, "-m", "bench.budgets", "--write", name, str(path)]
    ran = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def trained(path: Path, target: str, budget: int, folder: Path) -> dict[str, Any]:
    """One training in a process of its own, as a user types it."""
    words = ["train", path, "--target", target, "--budget", f"{budget}s"]
    words += ["--out", folder / "run", "--json", folder / "out.json", "--quiet"]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environ = {**os.environ, **dict.fromkeys(threads, "2")}
    command = [sys.executable, "-m", "wellfit", *map(str, words)]
    with (folder / "said").open("w") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    found: dict[str, Any] = {
        "seconds": round(seconds, 2),
        "over": round(seconds / budget - 1, 3),
        "processor": round(used.ru_utime + used.ru_stime, 2),
        "peak_gib": round(used.ru_maxrss / 2**20, 2),
        "status": process.returncode,
    }
    if process.returncode:
        return found | {"failed": (folder / "said").read_text()[-500:]}
    out = json.loads((folder / "out.json").read_text())
    metric = out["metric"]["name"]
    return found | {
        "metric": metric,
        "test": out["test"][metric],
        "trivial": out["trivial"][metric],
        "candidates": len(out["candidates"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 s, to 10,000 rows")
    parser.add_argument("--only", nargs="+", choices=tables(), default=None)
    parser.add_argument("--budgets", nargs="+", type=int, default=BUDGETS)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--go-on", action="store_true", help="keep what is there")
    parser.add_argument("--write", nargs=2, metavar=("NAME", "PATH"), default=None)
    asked = parser.parse_args()
    if asked.write:
        write(*asked.write)
        return
    names = asked.only or [n for n in tables() if not asked.quick or "00000" not in n]
    out = asked.out or (None if asked.quick or asked.only else RESULTS)
    runs: list[dict[str, Any]] = []
    if asked.go_on and out is not None and out.exists():
        runs = json.loads(out.read_text())["runs"]
    known = {(one["table"], one["budget"]) for one in runs}
    for name in names:
        for budget in (10,) if asked.quick else asked.budgets:
            if (name, budget) in known:
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{name}.csv"
                about = written(name, path)
                target = about.pop("target")
                one = trained(path, target, budget, Path(folder))
            runs.append({**about, "budget": budget, **one})
            print(name, budget, one, flush=True)
            if out is not None:
                out.write_text(json.dumps(told(runs), indent=1) + "\n")
    found = told(runs)
    print({k: found[k] for k in ("models", "kept", "most_over")}, "of", len(runs))


def told(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The runs, and how many of them keep to the bar."""
    return {
        "machine": describe(),
        "over": OVER,
        "runs": runs,
        "models": sum(one["status"] == 0 for one in runs),
        "kept": sum(one["over"] <= OVER for one in runs),
        "most_over": max(one["over"] for one in runs),
    }


if __name__ == "__main__":
    main()
