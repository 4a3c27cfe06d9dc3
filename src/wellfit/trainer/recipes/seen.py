"""What a recipe is chosen by: a table in numbers, all of them of its training rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.data.columns import LEFT_OUT, Kind, finite, texts
from wellfit.data.extremes import outliers
from wellfit.data.table import Table
from wellfit.data.tails import HEAVY, tail_weight
from wellfit.data.target import Target
from wellfit.objectives.metrics import Metric, choose_metric
from wellfit.trainer.study import Settings, Settled, settle

SAMPLED = 100_000  # training rows at most are looked at


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Column:
    """A column to learn from; `levels` are of a category, by how many rows have each.

    `tail` is how heavy its tails are, where that can be told; `apart` counts the values
    that stand apart from them.
    """

    name: str
    kind: Kind
    missing: float
    levels: tuple[int, ...] = ()
    tail: float | None = None
    apart: int = 0

    @property
    def heavy(self) -> bool:
        """Whether its far values would rule a mean or a deviation."""
        return self.apart > 0 or (self.tail is not None and self.tail >= HEAVY)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Seen:
    """A table as its recipe sees it: `rows` and `counts` are of the training part.

    `total` are all that have a target. Of a sample both are about those of the whole
    table.
    """

    settled: Settled
    how: Settings
    rows: int
    total: int
    columns: tuple[Column, ...]
    left_out: Mapping[str, str]
    counts: Mapping[str, int]
    target: Column
    metric: Metric

    @property
    def of(self) -> Target:
        """The target itself."""
        return self.settled.target

    @property
    def numbers(self) -> list[Column]:
        """Its columns of numbers."""
        return [c for c in self.columns if c.kind is Kind.NUMBER]

    @property
    def categories(self) -> list[Column]:
        """Its columns of categories."""
        return [c for c in self.columns if c.kind is Kind.CATEGORY]


def see(table: Table, how: Settings) -> Seen:
    """Look at a table; raises what `settle` does."""
    settled = settle(table, how)
    target, split = settled.target, settled.split
    places = split.train[:: max(1, len(split.train) // SAMPLED)]
    training = settled.rows.iloc[places]
    kinds = {n: k for n, k in settled.kinds.items() if n not in how.aside}
    used = {n: k for n, k in kinds.items() if k not in LEFT_OUT}
    apart = _apart(training, used, target)
    y = target.y[split.train]
    times = 1.0 if table.of is None else table.of / len(table.frame)
    return Seen(
        settled=settled,
        how=how,
        rows=round(len(split.train) * times),
        total=round(len(target.y) * times),
        columns=tuple(_column(training, n, k, apart) for n, k in used.items()),
        left_out={n: LEFT_OUT[k] for n, k in kinds.items() if k in LEFT_OUT},
        counts=_counts(target, y),
        target=_target(target, target.y[places], apart),
        metric=choose_metric(
            target.task, target.counts, target.y[split.validation], how.metric
        ),
    )


def _apart(
    training: pd.DataFrame, used: Mapping[str, Kind], target: Target
) -> dict[str, int]:
    """Column → how many of its values stand apart."""
    named = dict(used)
    if target.task == "regression":
        named[target.name] = Kind.NUMBER
    found: dict[str, int] = {}
    for said in outliers(training[list(named)], named):
        found[said["name"]] = found.get(said["name"], 0) + said["count"]
    return found


def _column(
    training: pd.DataFrame, name: str, kind: Kind, apart: Mapping[str, int]
) -> Column:
    column, said = training[name], dict[str, Any]()
    if kind is Kind.NUMBER:
        said = {"tail": tail_weight(finite(column)), "apart": apart.get(name, 0)}
    if kind is Kind.CATEGORY:
        said = {"levels": tuple(texts(column).value_counts().tolist())}
    missing = np.isnan(finite(column)) if kind is Kind.NUMBER else column.isna()
    return Column(name=name, kind=kind, missing=float(missing.mean()), **said)


def _target(target: Target, y: Any, apart: Mapping[str, int]) -> Column:
    if target.classes:
        return Column(name=target.name, kind=Kind.CATEGORY, missing=0.0)
    return Column(
        name=target.name,
        kind=Kind.NUMBER,
        missing=0.0,
        tail=tail_weight(y),
        apart=apart.get(target.name, 0),
    )


def _counts(target: Target, y: Any) -> dict[str, int]:
    if not target.classes:
        return {}
    found = np.bincount(y, minlength=len(target.classes)).tolist()
    return {str(c): n for c, n in zip(target.classes, found, strict=True)}
