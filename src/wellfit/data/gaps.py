"""The pattern of what is missing: together, and by what the target is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.data.target import Target

WORTH = 0.001  # of a column
ROWS = 100_000  # on which patterns are counted
SHOWN = 5
SURE = 4.4  # standard deviations: 1 in 100,000, for hundreds of columns


def gaps(frame: pd.DataFrame, target: Target | None) -> dict[str, Any]:
    """Of the fact `data`: `gaps`, the patterns, and gaps that tell of the target."""
    names = map(str, frame.columns)
    holed = [n for n in names if WORTH <= frame[n].isna().to_numpy().mean() < 1]
    holed = [n for n in holed if target is None or n != target.name]
    if not holed:
        return {}
    some = frame.iloc[:: max(1, len(frame) // ROWS)]
    missing = some[holed].isna()
    patterns = missing.value_counts().head(SHOWN + 1)
    said: dict[str, Any] = {
        "columns": len(holed),
        "complete": float((~missing.any(axis=1)).mean()),
        "values": float(frame.isna().to_numpy().mean()) if len(frame) < ROWS else None,
        "sampled": len(some),
        "patterns": [
            {
                "columns": [
                    n for n, hole in zip(holed, _key(key), strict=True) if hole
                ],
                "rows": int(n),
            }
            for key, n in patterns.items()
            if any(_key(key))
        ][:SHOWN],
    }
    if target is not None:
        said["telling"] = _telling(frame, holed, target)
    return said


def _key(key: Any) -> tuple[bool, ...]:
    return tuple(key) if isinstance(key, tuple) else (bool(key),)


def _telling(frame: pd.DataFrame, holed: list[str], target: Target) -> list[Any]:
    """Columns whose gaps come with another target than their values do."""
    found = []
    for name in holed:
        hole = frame[name].isna().to_numpy()[target.rows]
        if 0 < hole.sum() < len(hole) and (apart := _apart(hole, target)) is not None:
            found.append({"name": str(name), **apart})
    return sorted(found, key=lambda f: -f["effect"])[:SHOWN]


def _apart(hole: Any, target: Target) -> Mapping[str, Any] | None:
    """The effect, in standard deviations of the target (or of a class's indicator)."""
    y = target.y.astype(np.float64)
    if target.classes:
        commonest = np.bincount(target.y).argmax()
        y = (target.y == commonest).astype(np.float64)
    spread = float(y.std()) or 1.0
    effect = abs(float(y[hole].mean() - y[~hole].mean())) / spread
    error = float(np.sqrt(1 / hole.sum() + 1 / (~hole).sum()))
    return {"effect": effect} if effect > SURE * error else None
