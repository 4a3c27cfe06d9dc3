"""The profile of a table: the fact `data` of a run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.data.columns import (
    Kind,
    Series,
    finite,
    kind_of,
    moments,
    number_share,
    numbers,
)
from wellfit.data.target import Target


def kinds_of(
    frame: pd.DataFrame, overrides: Mapping[str, str] | None = None
) -> dict[str, Kind]:
    """Column → kind: as `overrides` say, else as the values tell."""
    said = {name: _kind(text) for name, text in (overrides or {}).items()}
    for name, kind in said.items():
        if name not in frame.columns:
            raise UnknownName("column", name, among=frame.columns)
        _check(frame[name], kind)
    return {name: said.get(name) or kind_of(frame[name]) for name in frame.columns}


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError as error:
        known = ", ".join(k.value for k in Kind)
        raise BadSetting(f"a column's kind is one of {known}; got {text!r}") from error


def _check(column: Series, kind: Kind) -> None:
    """`BadSetting` where no value of the column is of the kind that the user says."""
    if kind in {Kind.NUMBER, Kind.BOOLEAN, Kind.DATE}:
        found = moments(column, kind)
        if np.all(np.isnan(found)):
            raise BadSetting(f"column {column.name!r} has no {kind}s; --kind says so")


def profile(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    *,
    target: Target | None = None,
    rows: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """The table in numbers, fit for JSON: the fact `data` of docs/run-folder.md.

    With a target every column has its `score`, from the places in `target.y` that
    `rows` names (all by default).
    """
    columns = [_column(frame[name], kinds[name]) for name in frame.columns]
    if target is None:
        return {"rows": len(frame), "sampled": len(frame), "columns": columns}
    columns = [c for c in columns if c["name"] != target.name]
    scores = _scores(frame, kinds, target, rows)
    metric = "auc" if target.task == "classification" else "r2"
    for column in columns:
        if column["name"] in scores:
            column |= {"score": scores[column["name"]], "score_metric": metric}
    return {
        "rows": len(frame),
        "sampled": len(frame),
        "task": target.task,
        "columns": columns,
        "target": _target(frame[target.name], kinds[target.name], target),
    }


def _scores(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    target: Target,
    rows: NDArray[np.int64] | None,
) -> dict[str, float]:
    from wellfit.data.scores import column_scores

    seen = np.arange(len(target.y)) if rows is None else rows
    return {
        n: round(s, 4) for n, s in column_scores(frame, kinds, target, seen).items()
    }


def _column(column: Series, kind: Kind) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": str(column.name),
        "kind": kind.value,
        "missing": float(column.isna().mean()),
        "infinite": 0.0,
        "distinct": int(column.nunique()),
    }
    if kind is Kind.NUMBER and not _is_number(column):
        said["mixed"] = 1.0 - number_share(column.dropna())
    if kind is Kind.NUMBER or _is_number(column):
        said["infinite"] = float(np.isinf(numbers(column)).mean())
    if kind is Kind.NUMBER or (kind is Kind.IDENTIFIER and _is_number(column)):
        said |= _moments(finite(column))
    return said


def _is_number(column: Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype))


def _moments(values: NDArray[np.float64]) -> dict[str, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return {}
    return {
        "mean": float(known.mean()),
        "std": float(known.std()),
        "min": float(known.min()),
        "max": float(known.max()),
    }


def _target(column: Series, kind: Kind, target: Target) -> dict[str, Any]:
    said = {
        "name": target.name,
        "kind": kind.value,
        "missing": 1.0 - len(target.rows) / len(column),
    }
    if target.task == "classification":
        return {**said, "counts": target.counts}
    return {**said, **_moments(target.y)}
