"""How many threads a model of a table is fitted by."""

from typing import Any

from numpy.typing import NDArray

THREADS = 2
SMALL = 1_000_000  # values: below, threads would wait for each other longer than work


def threads_for(x: NDArray[Any]) -> int:
    """One for small tables."""
    return THREADS if x.size > SMALL else 1
