"""Whether two parts of the data are drawn from one source: by column, and as a whole.

By column: Kolmogorov and Smirnov's test of numbers, chi-squared of values, Fisher's of
gaps, with false discoveries controlled (Benjamini and Yekutieli, 2001: columns hang
together). As a whole: a classifier that tries to tell the parts apart, out of fold
(Lopez-Paz and Oquab, 2017).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadTable
from wellfit.data.columns import Kind, Series, moments, texts
from wellfit.data.prepare import prepare

ROWS = 20_000  # of each part, for the tests
LEARNT = 5_000  # of each part, for the classifier
LEAST = 50  # rows of a part under which nothing is said
FALSE = 0.01  # of the columns named, as many may be wrong
FOLDS = 5
TREES = 60
LEVELS = 50  # of a category; the rest together
GROUND = 2.58  # standard errors: 99 %

Numbers = NDArray[np.float64]


def shift(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    kinds: Mapping[str, Kind],
    *,
    passes: str | None = None,
    seed: int = 0,
    briefly: bool = False,
) -> dict[str, Any]:
    """Of the fact `data`: `shift`. `passes` is the column of time, which must shift.

    With `briefly` the classifier is asked only where a column differs.
    """
    if min(len(training), len(validation)) < LEAST:
        rows = [len(training), len(validation)]
        return {"rows": rows, "lacking": f"{min(rows)} rows in a part"}
    one, other = _some(training, ROWS, seed), _some(validation, ROWS, seed + 1)
    names = [n for n in map(str, training) if _compared(n, kinds, validation, passes)]
    tests = [_test(one[n], other[n], kinds[n]) for n in names]
    kept = _controlled(np.array([t["p"] for t in tests]))
    columns = [
        {"name": str(n), **t}
        for n, t, keep in zip(names, tests, kept, strict=True)
        if keep
    ]
    told = {n: kinds[n] for n in names}
    return {
        "rows": [len(training), len(validation)],
        "sampled": [len(one), len(other)],
        "tested": len(names),
        "columns": sorted(columns, key=lambda c: -c["effect"]),
        **(_told_apart(one, other, told, seed) if columns or not briefly else {}),
    }


def _compared(
    name: str, kinds: Mapping[str, Kind], other: pd.DataFrame, passes: str | None
) -> bool:
    """Dates and what counts rows differ between any two parts that were not mixed."""
    apart = {Kind.IDENTIFIER, Kind.TEXT, Kind.CONSTANT, Kind.DATE}
    known = name in other and name in kinds and name != passes
    return known and kinds[name] not in apart


def _some(frame: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    if len(frame) <= most:
        return frame
    places = np.random.default_rng(seed).choice(len(frame), most, replace=False)
    return frame.iloc[np.sort(places)]


def _test(one: Series, other: Series, kind: Kind) -> dict[str, Any]:
    """The more surprising of values and gaps; `effect` is from 0, alike, to 1."""
    tests = [_gaps(one, other)]
    if kind is Kind.NUMBER:
        tests.append(_numbers(moments(one, kind), moments(other, kind)))
    else:
        tests.append(_levels(one, other))
    best = min(tests, key=lambda t: t["p"])
    return {**best, "p": min(1.0, len(tests) * best["p"])}


def _numbers(one: Numbers, other: Numbers) -> dict[str, Any]:
    from scipy.stats import ks_2samp

    x, y = one[~np.isnan(one)], other[~np.isnan(other)]
    if min(len(x), len(y)) < LEAST:
        return {"what": "values", "p": 1.0, "effect": 0.0}
    tested = ks_2samp(x, y, method="asymp")
    return {
        "what": "values",
        "p": float(tested.pvalue),
        "effect": float(tested.statistic),
        "training": float(np.median(x)),
        "validation": float(np.median(y)),
    }


def _levels(one: Series, other: Series) -> dict[str, Any]:
    from scipy.stats import chi2_contingency

    x, y = (texts(c).dropna().value_counts() for c in (one, other))
    both = x.add(y, fill_value=0).sort_values(ascending=False)
    common = list(both.index[:LEVELS])
    table = np.array([_tally(c, common) for c in (x, y)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or table.sum(axis=1).min() < LEAST:
        return {"what": "values", "p": 1.0, "effect": 0.0}
    shares = table / table.sum(axis=1, keepdims=True)
    new = float(y[~y.index.isin(x.index)].sum() / max(1, y.sum()))
    return {
        "what": "values",
        "p": float(chi2_contingency(table).pvalue),
        "effect": float(np.abs(shares[0] - shares[1]).sum() / 2),
        "new": new,  # the share of validation rows with a value not seen in training
    }


def _tally(counts: Any, common: list[Any]) -> list[float]:
    known = counts.reindex(common).fillna(0.0)
    return [*known.tolist(), float(counts.sum() - known.sum())]


def _gaps(one: Series, other: Series) -> dict[str, Any]:
    from scipy.stats import fisher_exact

    counts = [[int(c.isna().sum()), int(c.notna().sum())] for c in (one, other)]
    shares = [missing / (missing + there) for missing, there in counts]
    return {
        "what": "gaps",
        "p": float(fisher_exact(counts).pvalue) if any(shares) else 1.0,
        "effect": abs(shares[0] - shares[1]),
        "training": shares[0],
        "validation": shares[1],
    }


def _controlled(p: Numbers) -> NDArray[np.bool_]:
    from scipy.stats import false_discovery_control

    if not len(p):
        return np.zeros(0, dtype=bool)
    return np.asarray(false_discovery_control(p, method="by") <= FALSE)


def _told_apart(
    one: pd.DataFrame, other: pd.DataFrame, kinds: Mapping[str, Kind], seed: int
) -> dict[str, Any]:
    """How well a forest tells rows of the two parts apart: its AUC, out of fold."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    x, y = _some(one, LEARNT, seed), _some(other, LEARNT, seed)
    both = pd.concat([x[list(kinds)], y[list(kinds)]], ignore_index=True)
    try:
        dense = prepare(both, kinds).apply(both, "dense").x
    except BadTable:
        return {}
    part = np.repeat([0, 1], [len(x), len(y)])
    forest = RandomForestClassifier(
        TREES, min_samples_leaf=3, class_weight="balanced", random_state=seed
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    out = cross_val_predict(forest, dense, part, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(part, out))
    error = _error(auc, len(x), len(y))
    return {"auc": auc, "auc_low": auc - GROUND * error, "learnt": [len(x), len(y)]}


def _error(auc: float, one: int, other: int) -> float:
    """The standard error of an AUC: Hanley and McNeil (1982)."""
    auc = max(0.5, auc)
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    varied = auc * (1 - auc) + (other - 1) * (q1 - auc**2) + (one - 1) * (q2 - auc**2)
    return float(np.sqrt(varied / (one * other)))
