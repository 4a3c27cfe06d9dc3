"""The figures of the bars, of what came of each case."""

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import Any

from bench.faults.score import Share

Z = 1.96
LEFT = ("healthy", "no-effect", "better")  # outcomes that a healthy training may have


def told(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares with their 95 % interval, medians, and of how many."""
    costly = [f for f in found if f.get("closed") is not None]
    better = [f for f in found if f["outcome"] == "better"]
    well = [f for f in found if f.get("fault") == ""]
    trusted = [f["trusted"] for f in costly if "trusted" in f]
    return {
        "faults that cost something": len(costly),
        "made better": share(sum(f["outcome"] == "better" for f in costly), costly),
        "of the gap closed, median": middle([f["closed"] for f in costly]),
        "said to be better": len(better),
        "not better on fresh seeds": share(
            sum(f["fresh"] <= 0.5 for f in better), better
        ),
        "healthy, left alone or better": share(
            sum(f["outcome"] in LEFT for f in well), well
        ),
        "trials, median": middle([f["trials"] for f in costly]),
        "trusted: of the gap closed, median": middle([f["closed"] for f in trusted]),
        "trusted: made worse": share(sum(f["gain"] < 0 for f in trusted), trusted),
        "trusted: trials, median": middle([f["trials"] for f in trusted]),
    }


def share(count: int, of: Sequence[Any]) -> dict[str, Any]:
    """So many of these, with the exact interval."""
    if not of:
        return {"count": 0, "of": 0}
    found = Share.of(count, len(of))
    bounds = {"low": round(found.low, 3), "high": round(found.high, 3)}
    return {"count": count, "of": len(of), "share": round(count / len(of), 3), **bounds}


def middle(values: Sequence[float]) -> dict[str, Any] | None:
    """The median, with the order statistics that hold it with 95 % certainty."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    reach = int(Z * sqrt(n) / 2 + 1)
    low, high = max(0, n // 2 - reach), min(n - 1, n // 2 + reach)
    found = {"median": median(values), "low": ordered[low], "high": ordered[high]}
    return {name: round(value, 3) for name, value in found.items()}
