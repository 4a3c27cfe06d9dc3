"""How good a model one minute gives on tables, beside what others give.

    python -m bench.tables [--quick] [--only NAME …] [--budget 60] [--folds N]
                           [--systems SYSTEM …] [--onto RESULTS]

On each table `wellfit train` with that budget, LightGBM, XGBoost and scikit-learn's
HistGradientBoosting at their defaults, and FLAML with the same budget: the same
training rows for all, the same test rows, one at a time, each in a process of its own
with two threads. Log loss of classes (AUC and accuracy beside it), RMSE of numbers.
Small tables are measured on three of five folds, large ones on one; folds come from a
seed. FLAML runs where $WELLFIT_FLAML names a Python that has it, and is left out, which
the result says, where none does. Some systems alone can be measured beside what an
earlier result, of the same machine, has of the others. Printed and written to
bench/results.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold

from bench.machine import describe
from bench.tables_sets import DATA, SETS, Table
from wellfit.data.target import read_target

RESULTS = Path(__file__).parent / "results" / "tables.json"
PEER = Path(__file__).with_name("tables_peer.py")
DEFAULTS = ("lightgbm", "xgboost", "hist_gradient_boosting")
OURS, FLAML = "wellfit", "flaml"
QUICK = ("mpg", "pima", "sonar")
SMALL = 2000  # rows: below, three folds
LEAST = 1e-15  # a probability of nothing counts as this
BAR = 0.75  # of the tables, on which ours is to beat the best of the defaults


def parts(table: Table, folds: int | None) -> Iterator[dict[str, Any]]:
    """Training and test rows, fold by fold, with the target as codes or numbers."""
    frame = table.frame.drop(columns=list(table.drop))
    frame = frame[frame[table.target].notna()].reset_index(drop=True)
    read = read_target(pd.Series(frame[table.target].to_numpy(), name="target"))
    x = frame.drop(columns=table.target).iloc[read.rows].reset_index(drop=True)
    classes = read.task == "classification"
    kind = StratifiedKFold if classes else KFold
    cut = kind(5, shuffle=True, random_state=0)
    count = folds or (3 if len(x) < SMALL else 1)
    import warnings

    with warnings.catch_warnings():  # of classes that are too rare for five folds
        warnings.simplefilter("ignore")
        made = list(cut.split(x, read.y))[:count]
    for train, test in made:
        yield {
            "task": read.task,
            "classes": len(read.classes),
            "train": x.iloc[train].assign(target=read.y[train]),
            "test": x.iloc[test].assign(target=read.y[test]),
        }


def written(part: dict[str, Any], folder: Path) -> None:
    """What every system reads."""
    x = part["train"].drop(columns="target")
    categorical = [c for c in x if not pd.api.types.is_numeric_dtype(x[c].dtype)]
    for name in ("train", "test"):
        part[name].to_parquet(folder / f"{name}.parquet", index=False)
    said = {"task": part["task"], "classes": part["classes"]}
    said["categorical"] = categorical
    (folder / "said.json").write_text(json.dumps(said))


def ours(part: dict[str, Any], folder: Path, budget: float) -> Any:
    """`wellfit train` and `wellfit predict`, as a user types them."""
    classes = part["task"] == "classification"
    words = ["train", folder / "train.parquet", "--test", folder / "test.parquet"]
    words += ["--target", "target", "--task", part["task"], "--budget", f"{budget}s"]
    words += ["--metric", "log_loss" if classes else "rmse"]
    words += ["--out", folder / "run", "--quiet"]
    _run([sys.executable, "-m", "wellfit", *words])
    out = folder / "out.csv"
    words = ["predict", folder / "run", folder / "test.parquet", "--out", out]
    _run([sys.executable, "-m", "wellfit", *words])
    told = pd.read_csv(out)
    if not classes:
        return told["prediction"].to_numpy()
    p = np.zeros((len(told), part["classes"]))
    for k in range(part["classes"]):
        if (name := f"probability of {k}") in told:
            p[:, k] = told[name]
    return p


def peer(name: str, folder: Path, budget: float) -> Any:
    python = os.environ["WELLFIT_FLAML"] if name == FLAML else sys.executable
    _run([python, PEER, name, folder, budget])
    return np.load(folder / f"{name}.npy")


def _run(words: Sequence[Any]) -> None:
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environ = {**os.environ, **dict.fromkeys(threads, "2")}
    done = subprocess.run(
        [str(word) for word in words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-2000:] or "it failed without a word")


def scored(out: Any, part: dict[str, Any]) -> dict[str, float]:
    y = part["test"]["target"].to_numpy()
    if part["task"] == "regression":
        return {"rmse": float(np.sqrt(np.mean((out - y) ** 2)))}
    p = np.clip(out, LEAST, None)
    p = p / p.sum(axis=1, keepdims=True)
    labels = list(range(part["classes"]))
    seen = np.unique(y)
    aucs = [roc_auc_score(y == k, p[:, k]) for k in seen if 0 < np.mean(y == k) < 1]
    return {
        "log_loss": float(log_loss(y, p, labels=labels)),
        "auc": float(np.mean(aucs)),
        "accuracy": float(np.mean(p.argmax(axis=1) == y)),
    }


def systems() -> list[str]:
    there = [FLAML] if os.environ.get("WELLFIT_FLAML") else []
    return [OURS, *DEFAULTS, *there]


def measured(
    name: str, budget: float, folds: int | None, of: Sequence[str]
) -> dict[str, Any]:
    """The mean scores of each system on one table, and what its processes took."""
    found: dict[str, list[dict[str, float]]] = {s: [] for s in of}
    failed: dict[str, str] = {}
    for part in parts(SETS[name](), folds):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            written(part, folder)
            for system, each in found.items():
                begun = time.perf_counter()
                try:
                    out = (
                        ours(part, folder, budget)
                        if system == OURS
                        else peer(system, folder, budget)
                    )
                except RuntimeError as error:
                    failed[system] = str(error).splitlines()[-1]
                    continue
                took = time.perf_counter() - begun
                each.append({**scored(out, part), "seconds": took})
    rows = len(part["train"]) + len(part["test"])
    return {
        "rows": rows,
        "columns": part["train"].shape[1] - 1,
        "task": part["task"],
        "classes": part["classes"],
        "scores": {s: pd.DataFrame(all_).mean().to_dict() for s, all_ in found.items()},
        "folds": {s: len(all_) for s, all_ in found.items()},
        "failed": failed,
    }


def joined(one: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """What was measured, beside what an earlier result has of other systems."""
    told = ("scores", "folds", "failed")
    return one | {key: earlier.get(key, {}) | one[key] for key in told}


def judged(sets: dict[str, Any]) -> dict[str, Any]:
    """Mean ranks, and how often ours beats the best of the defaults."""
    loss = {n: _losses(one) for n, one in sets.items()}
    names = [
        s for s in (OURS, *DEFAULTS, FLAML) if all(s in one for one in loss.values())
    ]
    ranks = np.array([rankdata([one[s] for s in names]) for one in loss.values()])
    ours_, best = (
        np.array([one[OURS] for one in loss.values()]),
        np.array([min(one[s] for s in DEFAULTS) for one in loss.values()]),
    )
    won = float(np.mean((ours_ < best) + 0.5 * (ours_ == best)))
    found = {
        "sets": len(sets),
        "mean_rank": dict(
            zip(names, ranks.mean(axis=0).round(3).tolist(), strict=True)
        ),
        "beats_best_default": round(won, 3),
        "median_gain_over_best_default": round(float(np.median(1 - ours_ / best)), 4),
        "bar": BAR,
    }
    if FLAML in names:
        against = np.array([one[FLAML] for one in loss.values()])
        found["beats_flaml"] = float(
            np.mean((ours_ < against) + 0.5 * (ours_ == against))
        )
    return found


def _losses(one: dict[str, Any]) -> dict[str, float]:
    name = "rmse" if one["task"] == "regression" else "log_loss"
    return {s: found.get(name, np.inf) for s, found in one["scores"].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three small sets, 5 s")
    parser.add_argument("--only", nargs="+", choices=SETS, default=None)
    parser.add_argument("--budget", type=float, default=None)
    parser.add_argument("--folds", type=int, default=None)
    parser.add_argument("--systems", nargs="+", choices=systems(), default=systems())
    parser.add_argument("--onto", type=Path, default=None, help="a result, for others")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    if OURS not in asked.systems and not asked.onto:
        parser.error(f"without {OURS} among --systems, --onto says what it is beside")
    if not DATA.is_dir():
        sys.exit(f"no data at {DATA}; set WELLFIT_DATA")
    budget = asked.budget or (5.0 if asked.quick else 60.0)
    names = asked.only or (QUICK if asked.quick else tuple(SETS))
    result: dict[str, Any] = {"machine": describe(), "budget": budget, "sets": {}}
    earlier = json.loads(asked.onto.read_text()) if asked.onto else {"sets": {}}
    if asked.onto:
        result["others"] = {k: earlier[k] for k in ("machine", "budget")}
    if FLAML not in systems():
        result["left_out"] = {FLAML: "$WELLFIT_FLAML names no Python that has it"}
    for name in names:
        one = measured(name, budget, asked.folds, asked.systems)
        one = joined(one, earlier["sets"].get(name, {}))
        result["sets"][name] = one
        told = {s: f"{v:.4g}" for s, v in _losses(one).items()}
        took = {s: round(v.get("seconds", 0)) for s, v in one["scores"].items()}
        print(f"{name:14} {one['rows']:6} rows  {told}  seconds {took}", flush=True)
        for system, why in one["failed"].items():
            print(f"{'':14} {system} failed: {why}", flush=True)
        result["judged"] = judged(result["sets"])
        if asked.out or not (asked.quick or asked.only):
            (asked.out or RESULTS).write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["judged"], indent=1))


if __name__ == "__main__":
    main()
