"""Weak slices: where a simple model errs more than elsewhere, beyond chance.

A slice is a value of a category, or a quarter of a number's range, or its gaps. Rates
are compared with the rest by a test of two means; false discoveries are controlled.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.columns import Kind, Series, finite, texts
from wellfit.data.judged import Judged

LEAST = 30  # rows of a slice
WORSE = 1.5  # times the error of the rest: less is not worth a word
FALSE = 0.01
SHOWN = 10
LEVELS = 20


def weak_slices(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], judged: Judged
) -> list[dict[str, Any]]:
    """Of the fact `data`: `slices`, the worst first."""
    error = _errors(judged)
    some = frame.iloc[judged.matter.rows]
    tested = [
        (name, label, _compare(error, inside))
        for name in kinds
        if name in some
        for label, inside in _parts(some[name], kinds[name])
    ]
    kept = _controlled(np.array([t["p"] for *_, t in tested]))
    found = [
        {"column": str(name), "value": label, **said}
        for (name, label, said), keep in zip(tested, kept, strict=True)
        if keep and said["error"] >= WORSE * said["elsewhere"]
    ]
    return sorted(found, key=lambda s: -s["error"] * np.sqrt(s["rows"]))[:SHOWN]


def _errors(judged: Judged) -> NDArray[np.float64]:
    """Whether a row is judged wrongly, or the squared error in shares of the spread."""
    y = judged.matter.y
    if judged.matter.classes:
        return np.asarray(judged.said != y, dtype=np.float64)
    return np.asarray((judged.out - y) ** 2 / max(1e-300, float(np.var(y))))


def _parts(column: Series, kind: Kind) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    gaps = column.isna().to_numpy()
    if LEAST <= gaps.sum() <= len(gaps) / 2:
        yield "missing", gaps
    if kind is Kind.NUMBER:
        values = finite(column)
        edges = np.unique(np.nanquantile(values, [0, 0.25, 0.5, 0.75, 1]))
        for low, high in pairwise(edges):
            last = high == edges[-1]
            inside = (values >= low) & ((values <= high) if last else (values < high))
            yield f"{low:.4g} to {high:.4g}", inside
    elif kind in {Kind.CATEGORY, Kind.BOOLEAN}:
        text = texts(column)
        for level in text.value_counts().index[:LEVELS]:
            yield str(level), (text == level).fillna(False).to_numpy(dtype=bool)


def _compare(error: NDArray[np.float64], inside: NDArray[np.bool_]) -> dict[str, Any]:
    """The error within and without, and how surprising that it is larger within."""
    from scipy.stats import norm

    within, without = error[inside], error[~inside]
    said = {"rows": len(within), "error": 0.0, "elsewhere": 0.0, "p": 1.0}
    if min(len(within), len(without)) < LEAST:
        return said
    spread = np.sqrt(within.var() / len(within) + without.var() / len(without))
    apart = float(within.mean() - without.mean())
    p = float(norm.sf(apart / spread)) if spread > 0 else 1.0
    return {
        "rows": len(within),
        "error": float(within.mean()),
        "elsewhere": float(without.mean()),
        "p": p,
    }


def _controlled(p: NDArray[np.float64]) -> NDArray[np.bool_]:
    from scipy.stats import false_discovery_control

    if not len(p):
        return np.zeros(0, dtype=bool)
    return np.asarray(false_discovery_control(p, method="by") <= FALSE)
