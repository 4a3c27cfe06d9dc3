"""What one column alone tells of the target, measured on rows it was not fitted to.

A column that predicts the target nearly perfectly on its own leaks it, and one at the
trivial score tells nothing. Numbers go through a small decision tree, categories
through their mean target; three folds, at most 5,000 rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.columns import Kind, Series, moments, texts
from wellfit.data.staircase import fit_staircase
from wellfit.data.target import Target

ROWS = 5000
FOLDS = 3
DEPTH = 3  # of classes; of numbers more leaves are needed to follow a copy of them
DEPTH_OF_NUMBERS = 5
MOST_CLASSES = 10  # the most frequent ones are scored, one against the rest
PRIOR = 10.0  # rows: a category's mean target is drawn towards the whole's
MOST_COLUMNS = 200  # the most promising of more are scored
SCREENED = 1000  # rows, for the choice
BINS = 16

Numbers = NDArray[np.float64]


def column_scores(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], target: Target, rows: Any
) -> dict[str, float]:
    """Column → macro one-vs-rest AUC for classes, R² for numbers.

    `rows` are places in `target.y`: no others are looked at. Text columns, codes
    and constants have no score; of more than 200 columns only the 200 whose mean
    target varies most over their range are scored.
    """
    rng = np.random.default_rng(0)
    chosen = rng.permutation(rows)[:ROWS]
    y = _indicators(target)[chosen]
    places = target.rows[chosen]
    columns = {
        name: _values(frame[name].iloc[places], kinds[name])
        for name in frame.columns
        if name != target.name
    }
    scored = {name: x for name, x in columns.items() if x is not None}
    fold = _folds(y)
    return {n: _score(scored[n], kinds[n], y, fold, target) for n in screen(scored, y)}


def screen(columns: Mapping[str, Numbers], y: Numbers) -> Sequence[str]:
    """The columns worth scoring: all, or those with the highest correlation ratio.

    That is the variance of the target's mean over 16 bins of equal count: cheap,
    and blind neither to bends nor to scale.
    """
    names = list(columns)
    if len(names) <= MOST_COLUMNS:
        return names
    x = np.column_stack([columns[n][:SCREENED] for n in names])
    order = np.argsort(x, axis=0, kind="stable")
    length = len(order) // BINS * BINS
    if not length:
        return names[:MOST_COLUMNS]
    ratio = np.zeros(len(names))
    for one in (y[:SCREENED] - y[:SCREENED].mean(0)).T:
        means = one[order[:length]].reshape(BINS, -1, len(names)).mean(axis=1)
        ratio = np.maximum(ratio, means.var(axis=0) / max(one.var(), 1e-12))
    best = np.argsort(-ratio, kind="stable")[:MOST_COLUMNS]
    return [names[i] for i in sorted(best)]


def _indicators(target: Target) -> Numbers:
    """The target as columns: one a class, or the number itself, standardised."""
    if target.task == "regression":
        centred: Numbers = target.y - target.y.mean()
        return (centred / (centred.std() or 1.0))[:, None]
    common = np.argsort(-np.bincount(target.y), kind="stable")[:MOST_CLASSES]
    if len(target.classes) == 2:
        common = np.array([1])
    return np.asarray(target.y[:, None] == common, dtype=np.float64)


def _folds(y: Numbers) -> NDArray[np.int64]:
    """The fold of each row, with every class (or range of numbers) in all of them."""
    order = np.lexsort(y.T)
    fold = np.empty(len(y), dtype=np.int64)
    fold[order] = np.arange(len(y)) % FOLDS
    return fold


def _values(column: Series, kind: Kind) -> Numbers | None:
    if kind in {Kind.NUMBER, Kind.BOOLEAN, Kind.DATE}:
        values = moments(column, kind)
    elif kind is Kind.CATEGORY:
        values = pd.factorize(texts(column))[0].astype(np.float64)
    elif kind is Kind.IDENTIFIER and pd.api.types.is_numeric_dtype(column.dtype):
        values = moments(column, kind)
    else:
        return None
    limit = float(np.finfo(np.float32).max)  # of scikit-learn's trees
    return np.where(np.isfinite(values), np.clip(values, -limit, limit), np.nan)


def _score(
    x: Numbers, kind: Kind, y: Numbers, fold: NDArray[np.int64], target: Target
) -> float:
    predict = _by_category if kind is Kind.CATEGORY else _by_tree
    out = np.empty_like(y)
    for held in range(FOLDS):
        test = fold == held
        out[test] = predict(x[~test], y[~test], x[test], target.task)
    if target.task == "regression":
        return float(
            1 - np.sum((y - out) ** 2) / max(np.sum((y - y.mean()) ** 2), 1e-12)
        )
    varied = [k for k in range(y.shape[1]) if 0 < y[:, k].mean() < 1]
    scores = [_auc(y[:, k], out[:, k]) for k in varied]
    return float(np.mean(scores)) if scores else 0.5


def _by_category(x: Numbers, y: Numbers, held: Numbers, task: str) -> Numbers:
    codes = x.astype(np.int64) + 1  # missing is -1
    size = int(max(codes.max(), held.max() + 1)) + 1
    counts = np.bincount(codes, minlength=size)[:, None]
    sums = np.stack([np.bincount(codes, one, minlength=size) for one in y.T], axis=1)
    means: Numbers = (sums + PRIOR * y.mean(0)) / (counts + PRIOR)
    return means[held.astype(np.int64) + 1]


def _by_tree(x: Numbers, y: Numbers, held: Numbers, task: str) -> Numbers:
    least = max(1, min(20, len(x) // 20))
    depth = DEPTH if task == "classification" else DEPTH_OF_NUMBERS
    return fit_staircase(x, y, depth=depth, least=least).predict(held)


def _auc(y: Numbers, score: Numbers) -> float:
    """The share of pairs of a one and a zero that the score has in order.

    Of equals half; there are few different scores.
    """
    _, place = np.unique(score, return_inverse=True)
    ones, all_ = np.bincount(place, y), np.bincount(place)
    zeros = all_ - ones
    below = np.cumsum(zeros) - zeros
    return float(ones @ (below + zeros / 2) / (ones.sum() * zeros.sum()))
