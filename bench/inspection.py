"""What looking at data costs: seconds and memory of `inspect` on a large table.

    python -m bench.inspection [--quick]

A million rows of 100 columns (numbers, whole numbers, categories, dates, codes; some
gaps, some copies), as CSV and as Parquet, each looked at in a fresh process with a
target, and diagnosed. Memory is the process's peak. Processor time stands beside wall
time: on a machine with other work the two differ. Printed and written to bench/results.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bench.machine import describe

RESULTS = Path(__file__).parent / "results" / "inspection.json"
ROWS, QUICK = 1_000_000, 50_000
SECONDS, GIB = 90.0, 4.0  # the bars
TOWNS = np.array(["Rome", "Oslo", "New York", "Paris", "Lima", "Accra", "Pune"])


def table(rows: int) -> pa.Table:
    """60 numbers, 20 whole ones, 12 categories, 3 dates, 3 flags, an id, a target."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {"id": np.arange(rows)}
    hidden = rng.normal(size=rows)
    for k in range(60):
        values = (0.3 * hidden + rng.normal(size=rows)).round(4)
        values = np.exp(values).round(3) if k % 3 == 0 else values
        columns[f"number_{k}"] = pa.array(
            values, mask=rng.random(rows) < 0.02 * (k < 9)
        )
    for k in range(20):
        columns[f"count_{k}"] = rng.poisson(3 + 10 * k, rows)
    for k in range(9):
        columns[f"town_{k}"] = TOWNS[rng.integers(0, 3 + k // 2, rows)]
    for k in range(3):
        columns[f"code_{k}"] = np.char.add("c", rng.integers(0, 900, rows).astype(str))
    for k in range(3):
        days = rng.integers(15_000, 20_000, rows).astype("datetime64[D]")
        columns[f"day_{k}"] = days
    for k in range(3):
        columns[f"flag_{k}"] = rng.random(rows) < 0.5
    bought = hidden + rng.normal(size=rows) > 0.8
    columns["bought"] = np.where(bought, "yes", "no")
    return pa.table(columns)


def look(path: str) -> dict[str, Any]:
    """Look at the table in this process, and say what it took."""
    from wellfit.data.inspection import inspect
    from wellfit.verbs.diagnose import diagnose

    begun = perf_counter()
    run = inspect(path, target="bought")
    found = diagnose(run)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": perf_counter() - begun,
        "processor": spent.ru_utime + spent.ru_stime,
        "gib": spent.ru_maxrss / 2**20,
        "rows": run.facts["data"]["rows"],
        "columns": len(run.facts["data"]["columns"]) + 1,
        "judged": run.facts["reference"]["rows"],
        "findings": [f"{f.severity}: {f.summary}" for f in found.findings],
    }


def measure(rows: int) -> dict[str, dict[str, Any]]:
    """What it took from CSV and from Parquet, each in a process of its own."""
    made = table(rows)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("csv", "parquet"):
            path = Path(folder) / f"table.{kind}"
            if kind == "csv":
                pyarrow.csv.write_csv(made, path)
            else:
                pyarrow.parquet.write_table(made, path)
            command = [sys.executable, "-m", "bench.inspection", "--look", str(path)]
            said = subprocess.run(command, check=True, capture_output=True, text=True)
            results[kind] = json.loads(said.stdout)
            results[kind]["mib"] = path.stat().st_size / 2**20
            path.unlink()
    return results


def main() -> None:
    """Measure, print, write down; exit status 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50,000 rows, not kept")
    parser.add_argument("--look", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.look:
        print(json.dumps(look(chosen.look)))
        return
    results, missed = measure(QUICK if chosen.quick else ROWS), 0
    for kind, got in results.items():
        kept = got["seconds"] <= SECONDS and got["gib"] <= GIB
        missed += not kept
        print(
            f"{kind:8} {got['rows']:,} × {got['columns']}  {got['seconds']:6.1f} s "
            f"(≤ {SECONDS:.0f})  processor {got['processor']:6.1f} s  "
            f"{got['gib']:.2f} GiB (≤ {GIB:.0f})  {'kept' if kept else 'MISSED'}"
        )
    if not chosen.quick:
        said = {"machine": describe(), "results": results, "missed": missed}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
