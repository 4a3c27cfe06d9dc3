"""How well trainings are repaired whose fault is known, beside their healthy twins.

    python -m bench.repair [--quick] [--cases 60] [--budget 10m] [--side untouched]
                           [--jobs 2] [--go-on]
    python -m bench.repair --learn

Faulty trainings of bench/faults, drawn once, are treated as `wellfit treat` treats a
script, in at most 40 trials each. The model of each run is scored on rows that neither
training nor wellfit has seen. Told is how many were made better; what of the gap to the
twin is closed, by the medians of those scores over the pairs of the proof; how many of
those that were said to be better are not on fresh seeds; what becomes of healthy ones;
and what `--trust` makes of the same cases. A fault that costs next to nothing is not
counted, and none is drawn that no change of a live training undoes (`beyond.py`).
Results are written after each case; `--go-on` keeps those that are there. No ledger
orders what is tried here; `--learn` counts how often each remedy helped, by finding,
for what wellfit ships with.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from math import isnan, nan
from pathlib import Path
from statistics import median
from typing import Any

from bench.faults.bases import BASES
from bench.faults.cases import SIDES, Case, faulty, hashed, healthy
from bench.faults.setting import Setting
from bench.machine import describe
from bench.repair.beyond import BEYOND
from bench.repair.figures import LEFT, told
from bench.repair.learn import said_of, write
from bench.repair.script import SCORE
from wellfit import treat
from wellfit.core.plan import Plan
from wellfit.core.treatment import Treatment
from wellfit.trials.effect import gains_of
from wellfit.trials.executors.forks import Forks
from wellfit.trials.executors.local import Local
from wellfit.trials.metric import Metric

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results" / "repair.json"
KEPT = Path(os.environ.get("WELLFIT_BENCH") or HERE / ".cache") / "repair"
SCRIPT = "bench.repair.script"
COSTS = 0.05  # of accuracy, or of R²: a fault that costs less is none
FRESH = range(2001, 2007)  # seeds, that nothing else was trained with
LONG = 300.0  # seconds, that no run takes
FORKS = Forks()
TRIALS = 40  # the most of each case
TRUSTED = 8  # the same, where one seed is trusted
QUICK = (
    ("blobs-dense", "inputs-offset"),
    ("cancer-dense", "decay-strong"),
    ("blobs-dense", ""),  # healthy
)
LEAST_CLOSED = 0.5  # of the gap, of each case of the quick form; it was 0.9 and 1.0


def drawn(side: str, count: int) -> list[Case]:
    """So many faulty cases of a side, by a hash; and a sixth as many healthy ones."""
    ill = [c for c in faulty() if _fits(c, side) and c.fault not in BEYOND]
    well = [c for c in healthy() if _fits(c, side)]
    return [*_some(ill, count), *_some(well, count // 6)]


def _fits(case: Case, side: str) -> bool:
    base, setting = BASES[case.setting.base], case.setting
    seen = base.fit is None and not base.shared and not setting.pretrained
    return seen and case.side == side and setting.seed == 0


def _some(cases: Sequence[Case], count: int) -> list[Case]:
    return sorted(cases, key=lambda c: hashed("repair", c.name))[:count]


def quick() -> list[Case]:
    """A few cases, always the same."""
    known = [c for c in (*faulty(), *healthy()) if _fits(c, SIDES[0])]
    return [
        next(c for c in known if (c.setting.base, c.fault) == wanted)
        for wanted in QUICK
    ]


def missed(found: Sequence[dict[str, Any]]) -> list[str]:
    """The cases of the quick form that are not as they should be."""
    ill = [f for f in found if f["fault"]]
    wrong = [
        f
        for f in ill
        if f["outcome"] != "better"
        or f["fresh"] <= 0.5
        or (f["closed"] or 0.0) < LEAST_CLOSED
    ]
    well = [f for f in found if not f["fault"] and f["outcome"] not in LEFT]
    return [f["case"] for f in (*wrong, *well)]


def _words(setting: Setting) -> list[str]:
    return [json.dumps(asdict(setting))]


def _folder(setting: Setting) -> Path:
    return KEPT / setting.key("repair")


def judged(case: Case, budget: str) -> dict[str, Any]:
    """What came of treating it."""
    said: dict[str, Any] = {"case": case.name, "fault": case.fault}
    try:
        treatment = treated(case, budget, budget_trials=TRIALS)
        said |= _told(treatment)
        said["taught"] = said_of(treatment)
        if case.twin is not None:
            said |= _against_twin(case, treatment)
        if treatment.outcome == "better":
            said |= _fresh(case, treatment)
        if case.fault:
            trusting = treated(case, budget, budget_trials=TRUSTED, trust=True)
            said["trusted"] = _told(trusting) | _against_twin(case, trusting)
    except Exception as error:
        return said | {"outcome": f"error: {error}"}
    return said


def treated(case: Case, budget: str, **how: Any) -> Treatment:
    folder, words = _folder(case.setting), _words(case.setting)
    how |= {"module": True, "out": folder, "budget": budget, "ledger": False}
    return treat(SCRIPT, words, **how)


def _told(treatment: Treatment) -> dict[str, Any]:
    verdict = treatment.verdict
    return {
        "outcome": treatment.outcome,
        "metric": treatment.metric,
        "findings": [f.rule for f in treatment.findings],
        "tried": len(treatment.tried),
        "plan": [str(c) for c in verdict.plan.changes] if verdict else [],
        "trials": treatment.trials,
        "notes": list(treatment.notes),
    }


def local_of(setting: Setting) -> Local:
    """Trials of a setting; all are forked off the same processes."""
    words, folder = [SCRIPT, *_words(setting)], _folder(setting)
    return Local(words=words, module=True, folder=folder, forks=FORKS)


def _scores(setting: Setting, plan: Plan, seeds: Sequence[int]) -> list[float]:
    """On rows that are unseen; a run that failed has the score of the worst."""
    local = local_of(setting)
    found = []
    for seed in seeds:
        run = local.run(plan, seed, seconds=LONG)
        signal = None if run is None else run.get(SCORE)
        known = signal is not None and len(signal) > 0
        found.append(float(signal.values[-1]) if known and signal else -1.0)
    return [max(score, -1.0) for score in found]


def _against_twin(case: Case, treatment: Treatment) -> dict[str, Any]:
    """The gap to the twin, and what of it is closed, in the score on unseen rows."""
    assert case.twin is not None
    helps = treatment.outcome in ("better", "tried")
    plan = treatment.verdict.plan if helps and treatment.verdict else Plan()
    seeds = (1, 2, 3)
    twin = _scores(case.twin, Plan(), seeds)
    before = _scores(case.setting, Plan(), seeds)
    after = _scores(case.setting, plan, seeds)
    gap = median(t - b for t, b in zip(twin, before, strict=True))
    gain = median(a - b for a, b in zip(after, before, strict=True))
    return {
        "gap": gap,
        "gain": gain,
        "closed": gain / gap if gap >= COSTS else None,
    }


def _fresh(case: Case, treatment: Treatment) -> dict[str, Any]:
    """Whether it is better on seeds that nothing was trained with, by the metric."""
    assert treatment.verdict is not None
    metric, local = Metric(name=treatment.metric), local_of(case.setting)
    values = []
    for plan in (Plan(), treatment.verdict.plan):
        runs = [local.run(plan, seed, seconds=LONG) for seed in FRESH]
        values.append([nan if r is None else metric.of(r) for r in runs])
    gains = gains_of(*values, greater_is_better=treatment.greater_is_better)
    return {
        "fresh": sum(g > 0 for g in gains) / len(gains),
        "failed": sum(map(isnan, values[1])),
    }


def _said(found: dict[str, Any]) -> str:
    closed = found.get("closed")
    share = "" if closed is None else f", {100 * closed:.0f} % of the gap closed"
    plan = " + ".join(found.get("plan", []))
    trials = found.get("trials", 0)
    return f"{found['case']}: {found['outcome']}{share}, {trials} trials  {plan}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three cases, not kept")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--budget", default="10m", help="of each")
    parser.add_argument("--side", choices=SIDES, default=SIDES[1])
    parser.add_argument("--jobs", type=int, default=2, help="cases at once")
    parser.add_argument("--go-on", action="store_true", help="keep what is there")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--learn", action="store_true", help="from what is kept")
    asked = parser.parse_args()
    if asked.learn:
        print(write(asked.out))
        return 0
    cases = quick() if asked.quick else drawn(asked.side, asked.cases)
    kept = {"side": asked.side, "budget": asked.budget, "trials": TRIALS}
    found: dict[str, dict[str, Any]] = {}
    if asked.go_on and asked.out.exists():
        found = {f["case"]: f for f in json.loads(asked.out.read_text())["cases"]}

    def judge(case: Case) -> None:
        if case.name in found:
            return
        found[case.name] = said = judged(case, asked.budget)
        print(_said(said), flush=True)
        if not asked.quick:
            ordered = [found[c.name] for c in cases if c.name in found]
            all_of_it = kept | {"figures": told(ordered), "cases": ordered}
            text = json.dumps(all_of_it | {"machine": describe()}, indent=2)
            asked.out.write_text(text + "\n")

    with ThreadPoolExecutor(asked.jobs) as pool:
        list(pool.map(judge, cases))
    FORKS.close()
    every = [found[c.name] for c in cases]
    for name, figure in told(every).items():
        print(f"{name:36} {figure}")
    if asked.quick and (names := missed(every)):
        print(f"not repaired, or not left alone: {', '.join(names)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
