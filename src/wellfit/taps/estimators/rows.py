"""Edits of the rows that are trained on; what is asked later is as it comes.

What is drawn comes from generators of their own: what the script draws stays.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import MissingExtra
from wellfit.taps.estimators.given import Given, Unchanged

Places = NDArray[np.int64]
Shares = Callable[[Given], tuple[NDArray[Any], NDArray[np.float64]]]
NEIGHBOURS = 5  # between which rows are made, as SMOTE has it


def generator() -> np.random.Generator:
    """One that nothing of the script's draws from, and that no seed moves."""
    return np.random.Generator(np.random.PCG64(0))


def drop_duplicates(given: Given) -> Given:
    """Of rows that are equal, and have equal targets, the first."""
    if hasattr(given.table, "tocsr"):
        raise Unchanged("the table is sparse")
    seen: set[Any] = set()
    kept = []
    for place, row in enumerate(_keys(given)):
        if row not in seen:
            seen.add(row)
            kept.append(place)
    if len(kept) == given.count:
        raise Unchanged("no two rows are equal")
    return given.at(np.array(kept))


def _keys(given: Given) -> Any:
    table = given.table
    rows = table.to_numpy() if hasattr(table, "iloc") else np.asarray(table)
    targets = np.asarray(given.targets)
    if rows.dtype.kind in "biuf":
        rows = np.ascontiguousarray(rows).reshape(len(rows), -1)
        return (
            (row.tobytes(), str(truth))
            for row, truth in zip(rows, targets, strict=True)
        )
    return (
        (str(np.asarray(row).tolist()), str(truth))
        for row, truth in zip(rows, targets, strict=True)
    )


def oversample(given: Given, ratio: float) -> Given:
    """Rows of each class are drawn again, up to `ratio` of the commonest's number."""
    _, where, counts = _classes(given)
    draw = generator()
    wanted = int(np.ceil(ratio * counts.max()))
    more = [
        draw.choice(np.flatnonzero(where == k), size=wanted - count)
        for k, count in enumerate(counts)
        if count < wanted
    ]
    if not more:
        raise Unchanged(f"no class has fewer rows than {ratio:g} of the commonest's")
    return given.at(np.concatenate([np.arange(given.count), *more]))


def undersample(given: Given, ratio: float) -> Given:
    """Of each class a draw of at most `ratio` times the rarest's number."""
    classes, where, counts = _classes(given)
    draw = generator()
    most = int(np.ceil(ratio * counts.min()))
    if counts.max() <= most:
        raise Unchanged(f"no class has more rows than {ratio:g} times the rarest's")
    kept = [
        draw.choice(found, size=most, replace=False) if len(found) > most else found
        for found in (np.flatnonzero(where == k) for k in range(len(classes)))
    ]
    return given.at(np.sort(np.concatenate(kept)))


def synthesize(given: Given, ratio: float) -> Given:
    """Rows of each class are made between neighbours of it (SMOTE)."""
    try:
        from imblearn.over_sampling import SMOTE
    except ImportError as error:
        raise MissingExtra("making rows of rare classes", extra="sampling") from error
    classes, _, counts = _classes(given)
    wanted = int(np.ceil(ratio * counts.max()))
    rare = {
        label: wanted
        for label, count in zip(classes.tolist(), counts, strict=True)
        if count < wanted
    }
    if not rare:
        raise Unchanged(f"no class has fewer rows than {ratio:g} of the commonest's")
    if given.by_row():
        raise Unchanged("rows have weights, and what is made would have none")
    neighbours = min(NEIGHBOURS, int(counts.min()) - 1)
    if neighbours < 1:
        raise Unchanged("the rarest class has one row, which has no neighbour")
    own = np.random.RandomState(np.random.MT19937(0))
    made = SMOTE(sampling_strategy=rare, k_neighbors=neighbours, random_state=own)
    table, targets = made.fit_resample(given.table, given.targets)
    return replace(given, table=table, targets=targets)


def drop_noisy_labels(given: Given, shares: Shares) -> Given:
    """Without the rows whose label is most probably wrong."""
    wrong, _ = _suspects(given, shares)
    return given.at(np.setdiff1d(np.arange(given.count), wrong))


def correct_labels(given: Given, shares: Shares) -> Given:
    """With the labels that are most probable where they are most probably wrong."""
    wrong, probable = _suspects(given, shares)
    targets = given.labels.copy()
    targets[wrong] = probable[wrong]
    if hasattr(given.targets, "iloc"):
        kind = type(given.targets)
        return replace(given, targets=kind(targets, index=given.targets.index))
    return replace(given, targets=targets)


def _suspects(given: Given, shares: Shares) -> tuple[Places, NDArray[Any]]:
    """Where labels are suspect, by confident learning, and the probable labels."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingExtra("finding wrong labels", extra="labels") from error
    _, where, _ = _classes(given)
    classes, told = shares(given)
    found = find_label_issues(where, told, filter_by="both", n_jobs=1)
    wrong = np.flatnonzero(found)
    if not len(wrong):
        raise Unchanged("no label is most probably wrong")
    return wrong, classes[told.argmax(axis=1)]


def balanced(given: Given) -> NDArray[np.float64]:
    """Weights of the rows by which each class counts as much as any other."""
    _, where, counts = _classes(given)
    return np.asarray(given.count / (len(counts) * counts))[where]


def _classes(given: Given) -> tuple[NDArray[Any], Places, Places]:
    """The classes, which of them each row is of, and how many rows each has."""
    if not given.classifies:
        raise Unchanged("no classes are predicted")
    classes, where, counts = np.unique(
        given.labels, return_inverse=True, return_counts=True
    )
    return classes, where, counts
