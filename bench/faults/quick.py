"""A small sample, always the same, from training to score: for CI.

It needs none of the real data. Its bars are what is to hold of this sample, not of
wellfit: a change that makes it worse here is to be looked at.
"""

import sys
from collections.abc import Sequence

from bench.faults import generate
from bench.faults.cases import Case, faulty, healthy
from bench.faults.judge import Judged, judge_all
from bench.faults.measure import sort
from bench.faults.score import bars

HEALTHY = ("blobs-dense", "friedman-dense", "series-recurrent", "teacher-lightgbm")
SETTINGS = 6  # of each of them
FAULTY = (
    ("blobs-dense", "rate-high"),
    ("friedman-dense", "rate-low"),
    ("blobs-dense", "softmax-twice"),
)
MOST_ALARMS = 0  # healthy runs with a finding
LEAST_FOUND = 0  # faulty runs with one
LEAST_CAUSES = 0  # faulty runs with the cause among the first three


def cases() -> list[Case]:
    """The sample."""
    return [
        *(c for c in healthy() if c.setting.base in HEALTHY and c.number < SETTINGS),
        *(c for c in faulty() if (c.setting.base, c.fault) in FAULTY),
    ]


def main(jobs: int) -> int:
    """Train, diagnose, score; 1 where a bar is missed."""
    sample = cases()
    generate.generate(generate.needed(sample), jobs=jobs)
    twins = [c for c in healthy() if c.setting in {f.twin for f in sample}]
    counted = sort([*sample, *(c for c in twins if c not in sample)]).counted
    return passes(judge_all([c for c in counted if c in sample]))


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
