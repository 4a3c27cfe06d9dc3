"""What validation shares with training: rows, groups, and times."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.data.columns import IDENTIFIER, Kind, moments, texts
from wellfit.data.likeness import cells, compared, diverse, offsets, rows_of, shared

AGAIN = 2.0  # rows a value, for a column of names to be one of groups
SOME = 10  # different values: fewer are categories


def overlap(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    kinds: Mapping[str, Kind],
    *,
    target: str | None = None,
    group: str | None = None,
    time: str | None = None,
    exactly: bool = False,
) -> dict[str, Any]:
    """Of the fact `data`: `overlap`, what stands on both sides.

    With `exactly`, rows that are nearly equal are not looked for.
    """
    both = [n for n in map(str, training) if n in validation]
    names = [n for n in compared(training[both], kinds) if n != target]
    said: dict[str, Any] = {"training": len(training), "validation": len(validation)}
    if names:
        said |= _rows(training, validation, names, exactly=exactly)
    grouping = [group] if group else _groups(training, both, kinds)
    said["groups"] = [
        {"name": str(n), "named": n == group, **_grouped(training[n], validation[n])}
        for n in grouping
        if n in both and n != target
    ]
    if time in both and time is not None:
        said["time"] = _times(training, validation, time, kinds[time])
    return said


def _rows(
    training: pd.DataFrame,
    validation: pd.DataFrame,
    names: list[str],
    *,
    exactly: bool,
) -> dict[str, Any]:
    """Rows of validation that are in training: inputs only, the target may differ."""
    kept = diverse(training, names)
    exact = [rows_of(f, names, kept) for f in (training, validation)]
    matched, copies = shared(*exact)
    near = copies
    for offset in () if exactly else offsets():
        grids = cells(training, names, offset=offset)
        if grids:
            rows = [rows_of(f, names, kept, grids) for f in (training, validation)]
            near = max(near, shared(*rows)[1])
    return {
        "shared": int(matched.sum()),
        "copies": round(copies),
        "near": round(near - copies),
        "examples": np.flatnonzero(matched)[:5].tolist() if copies >= 1 else [],
    }


def _groups(
    frame: pd.DataFrame, names: list[str], kinds: Mapping[str, Kind]
) -> list[str]:
    """Columns called like identifiers whose values come again: of patients, users."""
    called = [n for n in names if IDENTIFIER.search(str(n))]
    found = []
    for name in called:
        distinct = frame[name].nunique()
        if kinds[name] is Kind.CONSTANT or distinct < SOME:
            continue
        if frame[name].notna().sum() >= AGAIN * distinct:
            found.append(name)
    return found


def _grouped(one: Any, other: Any) -> dict[str, Any]:
    """How many rows of validation belong to a group that training has rows of."""
    known = set(texts(one).dropna().unique())
    there = texts(other)
    inside = there.isin(known)
    return {
        "groups": int(there[inside].nunique()),
        "rows": int(inside.sum()),
    }


def _times(
    training: pd.DataFrame, validation: pd.DataFrame, time: str, kind: Kind
) -> dict[str, Any]:
    """How many rows of validation are not later than the last of training."""
    past, later = (moments(f[time], kind) for f in (training, validation))
    last = np.nanmax(past) if np.isfinite(past).any() else np.nan
    known = later[np.isfinite(later)]
    return {
        "name": time,
        "rows": int(np.sum(known <= last)),
        "known": len(known),
        "mixed": float(np.mean(known < np.nanmedian(past))) if len(known) else 0.0,
    }
