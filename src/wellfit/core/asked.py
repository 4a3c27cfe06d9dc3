"""What may be asked of a training on a table, beside the column to predict."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class Asked(TypedDict, total=False):
    """Keywords of `train` and `recipe_for`; docs/training.md explains each."""

    seed: int
    budget: float | str
    memory: int | str | None
    metric: str | None
    task: Any
    time: str | None
    group: str | None
    kinds: Mapping[str, str]
    drop: Sequence[str]
