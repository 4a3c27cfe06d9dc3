"""How well trainings are repaired whose fault is known, beside their healthy twins.

    python -m bench.repair [--quick] [--cases 60] [--budget 10m] [--side untouched]

Faulty trainings of bench/faults, drawn once, are treated as `wellfit treat` treats
a script. The model of each run is scored on rows that neither training nor wellfit has
seen. Told is how many were made better; what of the gap to the twin is closed, by the
medians of those scores over the pairs of the proof; how many of those that were said to
be better are not on fresh seeds; and what becomes of healthy ones. A fault that costs
next to nothing is not counted. What was trained is kept, and not trained again.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isnan, nan
from pathlib import Path
from statistics import median
from typing import Any

from bench.faults.bases import BASES
from bench.faults.cases import SIDES, Case, faulty, hashed, healthy
from bench.faults.setting import Setting
from bench.machine import describe
from bench.repair.script import SCORE
from wellfit import treat
from wellfit.core.plan import Plan
from wellfit.core.treatment import Treatment
from wellfit.trials.effect import gains_of
from wellfit.trials.executors.local import Local
from wellfit.trials.metric import Metric

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results" / "repair.json"
KEPT = Path(os.environ.get("WELLFIT_BENCH") or HERE / ".cache") / "repair"
SCRIPT = "bench.repair.script"
COSTS = 0.05  # of accuracy, or of R²: a fault that costs less is none
FRESH = range(2001, 2007)  # seeds, that nothing else was trained with
TRIALS = 40  # the most of each case
LONG = 300.0  # seconds, that no run takes
QUICK = (("blobs-dense", "inputs-offset"), ("cancer-dense", "rate-high"))


def drawn(side: str, count: int) -> list[Case]:
    """So many faulty cases of a side, by a hash; and a sixth as many healthy ones."""
    ill = [c for c in faulty() if _fits(c, side)]
    well = [c for c in healthy() if _fits(c, side)]
    return [*_some(ill, count), *_some(well, count // 6)]


def _fits(case: Case, side: str) -> bool:
    base, setting = BASES[case.setting.base], case.setting
    seen = base.fit is None and not base.shared and not setting.pretrained
    return seen and case.side == side and setting.seed == 0


def _some(cases: Sequence[Case], count: int) -> list[Case]:
    return sorted(cases, key=lambda c: hashed("repair", c.name))[:count]


def quick() -> list[Case]:
    """Two cases, always the same."""
    ill = [c for c in faulty() if _fits(c, SIDES[0])]
    return [
        next(c for c in ill if (c.setting.base, c.fault) == wanted) for wanted in QUICK
    ]


def _words(setting: Setting) -> list[str]:
    return [json.dumps(asdict(setting))]


def _folder(setting: Setting) -> Path:
    return KEPT / setting.key("repair")


def judged(case: Case, budget: str) -> dict[str, Any]:
    """What came of treating it."""
    folder = _folder(case.setting)
    try:
        treatment = treat(
            SCRIPT,
            _words(case.setting),
            module=True,
            out=folder,
            budget=budget,
            budget_trials=TRIALS,
        )
    except Exception as error:
        return {"case": case.name, "outcome": f"error: {error}"}
    verdict = treatment.verdict
    said = {
        "case": case.name,
        "fault": case.fault,
        "outcome": treatment.outcome,
        "metric": treatment.metric,
        "findings": [f.rule for f in treatment.findings],
        "plan": [str(c) for c in verdict.plan.changes] if verdict else [],
        "trials": treatment.trials,
        "seconds": round(treatment.seconds),
        "notes": list(treatment.notes),
    }
    if case.twin is not None:
        said |= _against_twin(case, treatment)
    if treatment.outcome == "better":
        said |= _fresh(case, treatment)
    return said


def _local(setting: Setting) -> Local:
    return Local(words=[SCRIPT, *_words(setting)], module=True, folder=_folder(setting))


def _scores(setting: Setting, plan: Plan, seeds: Sequence[int]) -> list[float]:
    """On rows that are unseen; a run that failed has the score of the worst."""
    local = _local(setting)
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
    better = treatment.outcome == "better"
    plan = treatment.verdict.plan if better and treatment.verdict else Plan()
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
    metric, local = Metric(name=treatment.metric), _local(case.setting)
    values = []
    for plan in (Plan(), treatment.verdict.plan):
        runs = [local.run(plan, seed, seconds=LONG) for seed in FRESH]
        values.append([nan if r is None else metric.of(r) for r in runs])
    gains = gains_of(*values, greater_is_better=treatment.greater_is_better)
    return {
        "fresh": sum(g > 0 for g in gains) / len(gains),
        "failed": sum(map(isnan, values[1])),
    }


def told(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of the bars."""
    costly = [f for f in found if f.get("closed") is not None]
    better = [f for f in found if f["outcome"] == "better"]
    well = [f for f in found if f.get("fault") == ""]
    closed = [f["closed"] for f in costly]
    return {
        "faults that cost something": len(costly),
        "made better": sum(f["outcome"] == "better" for f in costly),
        "of the gap closed, median": median(closed) if closed else None,
        "said to be better": len(better),
        "not better on fresh seeds": sum(f["fresh"] <= 0.5 for f in better),
        "healthy": len(well),
        "healthy, left alone or better": sum(
            f["outcome"] in ("healthy", "no-effect", "better") for f in well
        ),
        "trials, median": median(f["trials"] for f in found if "trials" in f),
    }


def results(cases: Sequence[Case], budget: str) -> Iterator[dict[str, Any]]:
    """One after the other, each printed."""
    for case in cases:
        said = judged(case, budget)
        closed = said.get("closed")
        share = "" if closed is None else f", {100 * closed:.0f} % of the gap closed"
        plan = " + ".join(said.get("plan", []))
        print(f"{case.name}: {said['outcome']}{share}  {plan}", flush=True)
        yield said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two cases, not kept")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--budget", default="10m", help="of each")
    parser.add_argument("--side", choices=SIDES, default=SIDES[1])
    asked = parser.parse_args()
    cases = quick() if asked.quick else drawn(asked.side, asked.cases)
    found = list(results(cases, asked.budget))
    figures = told(found)
    for name, figure in figures.items():
        print(f"{name:32} {figure}")
    if not asked.quick:
        side = {"side": asked.side, "budget": asked.budget}
        kept = {**side, "figures": figures, "cases": found, "machine": describe()}
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
