"""Shares with their intervals: of all runs, by rule, by fault; and calibration."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

from bench.faults.judge import RIGHT, Judged

# Rules that name something one could look up in the script or the data: such a finding
# is right or wrong. That a loss is unsteady or a model poor may be true beside any
# fault, so that other findings are only counted where they are right, or on healthy
# runs.
DEFECTS = frozenset(
    {
        "output-loss-mismatch",
        "mode-mixup",
        "wrong-gradient",
        "stale-gradients",
        "frozen-parameters",
        "unshuffled-batches",
        "poor-initialization",
        "over-regularized",
        "unscaled-inputs",
        "missing-values",
        "label-noise",
        "duplicate-rows",
        "train-validation-leakage",
        "target-leakage",
        "class-imbalance",
        "metric-hides-minority",
        "outliers",
        "inconsistent-values",
        "train-validation-shift",
        "uninformative-features",
    }
)
BINS = 10
# What the design asks of the untouched half; the first is at most, the others at least.
BARS = {
    "healthy runs with a finding": 0.02,
    "faulty runs with a finding": 0.95,
    "cause among the first three": 0.92,
    "cause first": 0.80,
}
FALSE_ALARMS, SENSITIVITY = 0.01, 0.90  # of each rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many of so many, with the exact 95 % interval of Clopper and Pearson (1934).

    >>> share = Share.of(0, 200)
    >>> round(share.high, 3)
    0.018
    """

    count: int
    of_all: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, of_all: int) -> "Share":
        low = float(stats.beta.ppf(0.025, count, of_all - count + 1)) if count else 0.0
        full = count == of_all
        high = 1.0 if full else float(stats.beta.ppf(0.975, count + 1, of_all - count))
        return cls(count=count, of_all=of_all, low=low, high=high)

    @property
    def value(self) -> float | None:
        return self.count / self.of_all if self.of_all else None


def _share(flags: Iterable[bool]) -> Share:
    kept = list(flags)
    return Share.of(sum(kept), len(kept))


def bars(judged: Sequence[Judged]) -> dict[str, Share]:
    """The four shares that are asked of all runs together."""
    healthy = [j for j in judged if not j.case.fault]
    faulty = [j for j in judged if j.case.fault]
    return {
        "healthy runs with a finding": _share(bool(j.findings) for j in healthy),
        "faulty runs with a finding": _share(bool(j.findings) for j in faulty),
        "cause among the first three": _share(j.among_first for j in faulty),
        "cause first": _share(j.first for j in faulty),
    }


def by_rule(judged: Sequence[Judged]) -> dict[str, dict[str, Share]]:
    """Of each rule its false alarms, and how often it finds what it is the cause of."""
    healthy = [j for j in judged if not j.case.fault]
    proper: dict[str, list[Judged]] = defaultdict(list)
    for j in judged:
        if j.case.fault:
            proper[j.right[0]].append(j)
    rules = {rule for j in judged for rule in j.rules}
    rules |= {rules[0] for rules in RIGHT.values()}
    return {
        rule: {
            "false alarms": _share(rule in j.rules for j in healthy),
            "sensitivity": _share(rule in j.rules for j in proper[rule]),
        }
        for rule in sorted(rules)
    }


def by_fault(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Of each fault and strength what was found, and which rules stood first."""
    groups: dict[tuple[str, float], list[Judged]] = defaultdict(list)
    for j in judged:
        if j.case.fault:
            groups[j.case.fault, j.case.strength].append(j)
    order = list(RIGHT)
    rows = []
    for (fault, strength), group in sorted(
        groups.items(), key=lambda item: order.index(item[0][0])
    ):
        firsts = Counter(j.rules[0] if j.rules else "nothing" for j in group)
        rows.append(
            {
                "fault": fault,
                "strength": strength,
                "right": list(RIGHT[fault]),
                "runs": len(group),
                "found": sum(bool(j.findings) for j in group),
                "among_first": sum(j.among_first for j in group),
                "first": sum(j.first for j in group),
                "said_first": dict(firsts.most_common()),
                "said": dict(Counter(r for j in group for r in j.rules).most_common()),
            }
        )
    return rows


def calibration(judged: Sequence[Judged]) -> dict[str, Any]:
    """How often findings of a confidence are right: bins, and the expected error.

    Healthy and faulty runs count as much together, however many of each there are.
    """
    marked = [
        (said.confidence, said.rule in j.right, bool(j.case.fault))
        for j in judged
        for said in j.findings
        if not j.case.fault or said.rule in j.right or said.rule in DEFECTS
    ]
    runs = Counter(bool(j.case.fault) for j in judged)
    bins: list[list[tuple[float, bool, float]]] = [[] for _ in range(BINS)]
    for confidence, right, faulty in marked:
        weight = 1 / runs[faulty]
        place = min(BINS - 1, int(confidence * BINS))
        bins[place].append((confidence, right, weight))
    rows, error, total = [], 0.0, sum(w for b in bins for _, _, w in b)
    for held in bins:
        weight = sum(w for _, _, w in held)
        if not held:
            continue
        said = sum(c * w for c, _, w in held) / weight
        true = sum(w for _, right, w in held if right) / weight
        rows.append({"said": said, "right": true, "findings": len(held)})
        error += weight / total * abs(said - true)
    return {"bins": rows, "expected_error": error if marked else None}


def false_alarms(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Each healthy run with a finding, by name."""
    return [
        {"run": j.case.name, **asdict(said)}
        for j in judged
        if not j.case.fault
        for said in j.findings
    ]
