"""What a fit is given: rows, their targets, and what goes with them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.sklearn.rows import shape

TARGETS = ("y", "Y")
PAIRS = "eval_set"  # tables with targets that are evaluated while it is fitted
TABLES = ("eval_X", "X_val")  # the same, of tables alone


class Unchanged(Exception):
    """An edit has nothing to change here; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Given:
    """The arguments of a fit: its rows, the targets of these, and `more` by name."""

    table: Any
    targets: Any
    names: tuple[str, str]  # of the parameters that take these two
    more: Mapping[str, Any]
    classifies: bool

    @property
    def count(self) -> int:
        """How many rows there are."""
        size = shape(self.table)
        return 0 if size is None else size[0]

    @property
    def labels(self) -> NDArray[Any]:
        """The targets as a column; `Unchanged` where they are several."""
        column = np.asarray(self.targets)
        if column.ndim == 2 and column.shape[1] == 1:
            column = column.ravel()
        if column.ndim != 1:
            raise Unchanged("each row has several targets")
        return column

    def with_table(self, table: Any) -> "Given":
        """The same, of that table: its rows in the same order."""
        return replace(self, table=table)

    def at(self, places: Sequence[int] | NDArray[np.int64]) -> "Given":
        """The rows in these places, and all that goes with them row by row."""
        from sklearn.utils import _safe_indexing

        return replace(
            self,
            table=_safe_indexing(self.table, places),
            targets=_safe_indexing(self.targets, places),
            more={
                name: _safe_indexing(value, places) if name in self.by_row() else value
                for name, value in self.more.items()
            },
        )

    def seen_through(self, through: Callable[[Any], Any]) -> "Given":
        """The same, its other tables edited as its rows were."""
        more = dict(self.more)
        if more.get(PAIRS) is not None:
            more[PAIRS] = [(through(t), *rest) for t, *rest in more[PAIRS]]
        for name in TABLES:
            if isinstance(more.get(name), tuple):
                more[name] = tuple(map(through, more[name]))
            elif more.get(name) is not None:
                more[name] = through(more[name])
        return replace(self, more=more)

    def by_row(self) -> dict[str, Any]:
        """What of `more` has a value for each row, such as weights."""
        return {
            name: value
            for name, value in self.more.items()
            if name != PAIRS and name not in TABLES and _by_row(value, self.count)
        }

    def arguments(self) -> dict[str, Any]:
        """All of them, by name."""
        table, targets = self.names
        return {table: self.table, targets: self.targets, **self.more}


def _by_row(value: Any, rows: int) -> bool:
    size = shape(value)
    return size is not None and size[0] == rows and not isinstance(value, str | tuple)


def given_to(
    fit: Callable[..., Any],
    args: Sequence[Any],
    named: Mapping[str, Any],
    *,
    classifies: bool,
) -> Given | None:
    """The arguments of a call of `fit`; None where it is given no rows and targets."""
    try:
        signature = inspect.signature(fit)
        bound = signature.bind(*args, **named).arguments
    except (TypeError, ValueError):  # the script's own mistake: it is told of it
        return None
    found = dict(bound)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            found |= found.pop(parameter.name, {})
        elif parameter.kind is parameter.VAR_POSITIONAL and parameter.name in found:
            return None
    table = next(iter(signature.parameters), "")
    targets = next((name for name in TARGETS if name in found), None)
    if targets is None or table not in found or found[targets] is None:
        return None
    rows, truth = found.pop(table), found.pop(targets)
    size, wanted = shape(rows), shape(truth)
    if size is None or wanted is None or size[0] != wanted[0]:
        return None
    return Given(
        table=rows,
        targets=truth,
        names=(table, targets),
        more=found,
        classifies=classifies,
    )
