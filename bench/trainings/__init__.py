"""Trainings that know nothing of wellfit: the ground on which rules are judged.

>>> [t.name for t in trainings("target-leakage")][:2]
['leak_closed_account', 'leak_regression_copy']
"""

import tomllib

from bench.trainings.training import HERE, Training, from_table

__all__ = ["TRAININGS", "Training", "trainings"]

TRAININGS: tuple[Training, ...] = tuple(
    from_table(name, table)
    for name, table in tomllib.loads((HERE / "index.toml").read_text("utf-8")).items()
)


def trainings(kind: str | None = None) -> tuple[Training, ...]:
    """All trainings, or those of one kind: `healthy`, or the name of a rule."""
    return tuple(t for t in TRAININGS if kind in (None, t.kind))
