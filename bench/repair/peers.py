"""How many trials blind search takes to reach what treating has reached.

    python -m bench.repair.peers [--cases 20] [--most 60] [--jobs 2]

Of the cases that were made better (bench/results/repair.json), by random search and by
Optuna's TPE, over the same changes: each remedy is left out, or is one of what it
proposes for the run. A trial is a run on the script's own seed; it has reached our
result once its metric is as good as that of our plan on that seed. Ours are all trials
of the search, on both of its seeds, and none of the proof, which the others have none
of. Who has not reached it after so many trials is counted with so many.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import optuna

from bench.faults.cases import Case
from bench.machine import describe
from bench.repair.__main__ import LONG, RESULTS, SIDES, TRIALS, drawn, local_of, treated
from wellfit.core.finding import Finding, Severity
from wellfit.core.plan import Change, Plan
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.remedies.plans import acts
from wellfit.trials.metric import Metric

OUT = RESULTS.with_name("repair_peers.json")
FEW = 2.0  # changes of a random plan, in the mean
SEED = 0
NONE = "none"
Space = Mapping[str, Sequence[Change]]
Ask = Callable[[], tuple[Plan, Callable[[float], None]]]


def space_of(run: Run, metric: Metric) -> Space:
    """Remedy → the changes that it proposes for a run, whatever was found in it."""
    finding = Finding(
        rule="underfitting", severity=Severity.WARNING, confidence=1.0, summary=""
    )
    found = {
        name: [one.change for one in kind.proposals(run, finding)]
        for name, kind in acts().items()
        if not metric.is_redefined_by(frozenset(kind.touches))
    }
    return {name: changes for name, changes in found.items() if changes}


def at_random(space: Space, seed: int) -> Ask:
    """Plans drawn at random."""
    rng = np.random.default_rng(seed)
    chance = min(1.0, FEW / len(space))

    def ask() -> tuple[Plan, Callable[[float], None]]:
        chosen = [c[rng.integers(len(c))] for c in space.values()]
        taken = rng.random(len(chosen)) < chance
        changes = [c for c, yes in zip(chosen, taken, strict=True) if yes]
        return Plan.of(*changes), lambda _: None

    return ask


def by_tpe(space: Space, seed: int, *, greater_is_better: bool) -> Ask:
    """Plans that Optuna's sampler proposes, with its usual settings."""
    study = optuna.create_study(
        direction="maximize" if greater_is_better else "minimize",
        sampler=optuna.samplers.TPESampler(seed=seed),
    )

    def ask() -> tuple[Plan, Callable[[float], None]]:
        trial = study.ask()
        chosen = []
        for name, changes in space.items():
            word = trial.suggest_categorical(name, [NONE, *map(str, changes)])
            chosen += [c for c in changes if str(c) == word]

        def tell(value: float) -> None:
            if isnan(value):
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, value)

        return Plan.of(*chosen), tell

    return ask


def reached(
    ask: Ask, value: Callable[[Plan], float], good: Callable[..., bool], most: int
) -> int | None:
    """How many trials it takes; None where `most` are too few."""
    for count in range(1, most + 1):
        plan, tell = ask()
        found = value(plan)
        tell(found)
        if good(found):
            return count
    return None


def compared(case: Case, most: int) -> dict[str, Any] | None:
    """The trials of each; None where we have made nothing better."""
    treatment = treated(case, "10m", budget_trials=TRIALS)
    if treatment.outcome != "better":
        return None
    metric, local = Metric(name=treatment.metric), local_of(case.setting)

    def value(plan: Plan) -> float:
        run = local.run(plan, SEED, seconds=LONG)
        return float("nan") if run is None else metric.of(run)

    assert treatment.verdict is not None
    target, sign = value(treatment.verdict.plan), 1 if metric.greater_is_better else -1
    run = local.run(Plan(), SEED, seconds=LONG)
    assert run is not None
    space = space_of(run, metric)

    def good(found: float) -> bool:
        return sign * found >= sign * target

    greater = metric.greater_is_better
    asks = {
        "random": at_random(space, 1),
        "tpe": by_tpe(space, 1, greater_is_better=greater),
    }
    found = {name: reached(ask, value, good, most) for name, ask in asks.items()}
    return {"case": case.name, "ours": searched(treatment), **found}


def searched(treatment: Treatment) -> int:
    """The trials of the search."""
    assert treatment.verdict is not None
    return treatment.trials - 2 * len(treatment.verdict.control)


def told(found: Sequence[Mapping[str, Any]], most: int) -> dict[str, Any]:
    """Medians, and that of the ratios."""
    said: dict[str, Any] = {"ours": median(f["ours"] for f in found)}
    for name in ("random", "tpe"):
        counts = [f[name] or most for f in found]
        ratios = [f["ours"] / c for f, c in zip(found, counts, strict=True)]
        said[name] = median(counts)
        said[f"never, {name}"] = sum(f[name] is None for f in found)
        said[f"ours to {name}"] = round(median(ratios), 3)
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20, help="the first drawn")
    parser.add_argument("--most", type=int, default=60, help="trials of a peer")
    parser.add_argument("--side", choices=SIDES, default=SIDES[1])
    parser.add_argument("--jobs", type=int, default=1, help="cases at once")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    cases = [c for c in drawn(asked.side, 60) if c.fault][: asked.cases]
    found = []

    def compare(case: Case) -> None:
        said = compared(case, asked.most)
        print(said or f"{case.name}: not made better", flush=True)
        if said is not None:
            found.append(said)

    with ThreadPoolExecutor(asked.jobs) as pool:
        list(pool.map(compare, cases))
    figures = told(found, asked.most)
    for name, figure in figures.items():
        print(f"{name:20} {figure}")
    kept = {"side": asked.side, "most": asked.most, "figures": figures, "cases": found}
    asked.out.write_text(json.dumps(kept | {"machine": describe()}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
