"""Rows that are training and validation in turn, by seed and nothing else.

Each fold is a Split with the test rows of the one that it was made of: they stay
untouched. Pure functions over places, as in `split.py`.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import BadTable
from wellfit.core.recipe import SplitBy
from wellfit.data.split import Rows, Split

Keys = NDArray[Any]  # of all rows: their classes, groups or times
NONE: Rows = np.array([], dtype=np.int64)


def folds_of(
    split: Split, count: int, *, by: SplitBy, keys: Keys | None = None, seed: int
) -> tuple[Split, ...]:
    """So many folds of the rows that train and validate.

    At random; by class, each as often in every fold; by group, each in one fold alone;
    by time, where all that was before a fold trains for it, and the first stretch does
    not validate. `keys` has what they go by, for each row of the table. `BadTable`
    where there are too few rows, groups or moments.
    """
    rows = np.sort(np.concatenate([split.train, split.validation]))
    if keys is None and by != "random":
        raise ValueError(f"folds by {by} need the keys of the rows; got None")
    if by == "time" and keys is not None:
        return _by_time(split, rows, keys[rows].astype(np.float64), count)
    place = _places(rows, count, by, keys, seed)
    return tuple(
        _fold(split, rows[place != k], rows[place == k], k, count) for k in range(count)
    )


def nested_folds(
    split: Split,
    outer: int,
    inner: int,
    *,
    by: SplitBy,
    keys: Keys | None = None,
    seed: int,
) -> tuple[tuple[Split, tuple[Split, ...]], ...]:
    """Each outer fold, with the inner folds of its training rows.

    An inner fold's test rows are the outer one's validation rows: what is chosen by the
    inner folds has never seen them.
    """
    found = []
    for fold in folds_of(split, outer, by=by, keys=keys, seed=seed):
        within = replace(fold, validation=NONE, test=fold.validation)
        found.append((fold, folds_of(within, inner, by=by, keys=keys, seed=seed + 1)))
    return tuple(found)


def _fold(split: Split, train: Rows, validation: Rows, k: int, count: int) -> Split:
    how = f"{split.how}, fold {k + 1} of {count}"
    return replace(split, train=train, validation=validation, how=how)


def _places(rows: Rows, count: int, by: SplitBy, keys: Keys | None, seed: int) -> Rows:
    """The fold that each of the rows validates in."""
    rng = np.random.default_rng(seed)
    if keys is not None and by == "group":
        return _of_groups(keys[rows], count, rng)
    if len(rows) < count:
        raise BadTable(f"{count} folds need at least {count} rows; got {len(rows)}")
    order = rng.permutation(len(rows))
    if keys is not None and by == "class":  # classes one after another, dealt out
        order = order[np.argsort(keys[rows][order], kind="stable")]
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows)) % count
    return place


def _of_groups(groups: Keys, count: int, rng: np.random.Generator) -> Rows:
    """The largest group to the emptiest fold, again and again."""
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < count:
        raise BadTable(
            f"{count} folds by group need at least {count} groups; got {len(names)}"
        )
    shuffled = rng.permutation(len(names))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    filled, fold = np.zeros(count, dtype=np.int64), np.empty(len(names), dtype=np.int64)
    for group in order:
        fold[group] = np.argmin(filled)
        filled[fold[group]] += sizes[group]
    return np.asarray(fold[codes])


def _by_time(
    split: Split, rows: Rows, when: NDArray[np.float64], count: int
) -> tuple[Split, ...]:
    """Stretches of the same length, each validating what all before it trained.

    Rows of the same moment stay together; rows without one train.
    """
    known = np.argsort(when, kind="stable")[: np.count_nonzero(~np.isnan(when))]
    starts = np.flatnonzero(np.diff(when[known]) > 0) + 1
    if len(starts) < count:
        raise BadTable(
            f"{count} folds by time need at least {count + 1} different times; "
            f"got {len(starts) + bool(len(known))}"
        )
    cuts = _stretches(starts, len(known), count)
    timeless = rows[np.isnan(when)]
    return tuple(
        _fold(
            split,
            np.sort(np.concatenate([rows[known[:begin]], timeless])),
            np.sort(rows[known[begin:end]]),
            k,
            count,
        )
        for k, (begin, end) in enumerate(
            zip(cuts, [*cuts[1:], len(known)], strict=True)
        )
    )


def _stretches(starts: Rows, total: int, count: int) -> list[int]:
    """Where each stretch but the first begins: near even, at the start of a moment."""
    cuts: list[int] = []
    for k in range(1, count + 1):
        later = starts[starts > cuts[-1]] if cuts else starts
        free = later[: len(later) - (count - k)]  # a start is left for each to come
        wanted = total * k / (count + 1)
        cuts.append(int(free[np.argmin(np.abs(free - wanted))]))
    return cuts
