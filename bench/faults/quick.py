"""A small sample, always the same, from training to score: for CI.

It needs none of the real data. Its bars are what is to hold of this sample, not of
wellfit: a change that makes it worse here is to be looked at.
"""

import sys
from collections.abc import Sequence

from bench.faults import generate
from bench.faults.cases import SIDES, Case, faulty, healthy
from bench.faults.judge import Judged, judge_all
from bench.faults.measure import sort
from bench.faults.score import bars

SIDE = SIDES[0]  # nothing is printed of the other
HEALTHY = (
    "blobs-dense",
    "cancer-dense",
    "diabetes-dense",
    "friedman-dense",
    "series-recurrent",
    "teacher-lightgbm",
)
SETTINGS = 3  # of each of them
FAULTY = (
    ("blobs-dense", "inputs-offset"),
    ("blobs-dense", "missing-nan"),
    ("blobs-dense", "too-short"),
    ("cancer-dense", "rate-high"),
    ("cancer-dense", "rate-low"),
    ("diabetes-dense", "saturated-scale"),
    ("friedman-dense", "init-zeros"),
    ("teacher-lightgbm", "feature-leaked"),
)
# A machine of another pace looks at other steps: not quite what was measured.
MOST_ALARMS = 2  # healthy runs with a finding; there were none
LEAST_FOUND = 20  # faulty runs with one; there were 22 of 24
LEAST_CAUSES = 18  # faulty runs with the cause among the first three; there were 20


def cases() -> list[Case]:
    """The sample, all of it of the tuning half, and the twins that it needs."""
    known = [c for c in healthy() if c.side == SIDE]
    ill = [c for c in faulty() if c.side == SIDE]
    ill = [c for c in ill if (c.setting.base, c.fault) in FAULTY]
    numbers = {
        base: sorted({c.number for c in known if c.setting.base == base})[:SETTINGS]
        for base in HEALTHY
    }
    twins = {c.twin for c in ill}
    well = [
        c
        for c in known
        if c.number in numbers.get(c.setting.base, ()) or c.setting in twins
    ]
    return [*well, *ill]


def main(jobs: int) -> int:
    """Train, diagnose, score; 1 where a bar is missed."""
    sample = cases()
    generate.generate(generate.needed(sample), jobs=jobs)
    return passes(judge_all(sort(sample).counted))


def passes(judged: Sequence[Judged]) -> int:
    """The exit status; what was missed is said."""
    shares = bars(judged)
    alarms = shares["healthy runs with a finding"]
    found = shares["faulty runs with a finding"]
    causes = shares["cause among the first three"]
    for name, share in shares.items():
        print(f"{name:30} {share.count} of {share.of_all}")
    for j in judged:
        if j.findings and not j.case.fault:
            said = j.findings[0]
            print(f"false alarm: {j.case.name}: {said.rule}: {said.summary}")
        elif j.case.fault and not j.among_first:
            print(f"missed: {j.case.name}: {', '.join(j.rules) or 'nothing'}")
    missed = (
        alarms.count > MOST_ALARMS
        or found.count < LEAST_FOUND
        or causes.count < LEAST_CAUSES
    )
    if missed:
        print(
            f"expected at most {MOST_ALARMS} false alarms, at least {LEAST_FOUND} "
            f"faulty runs found and {LEAST_CAUSES} causes",
            file=sys.stderr,
        )
    return int(missed)
