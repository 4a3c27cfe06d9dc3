"""Shapes that broadcast by accident: every output compared with every target."""

from typing import Any

from wellfit.taps.torch.criteria import CRITERIA
from wellfit.taps.torch.tape import Ref, Tape

PAIRED = {
    "__add__",
    "__mul__",
    "__rsub__",
    "__sub__",
    "__truediv__",
    "add",
    "div",
    "l1_loss",
    "mse_loss",
    "mul",
    "rsub",
    "smooth_l1_loss",
    "sub",
}


def each_with_each(tape: Tape) -> list[dict[str, Any]]:
    """Calls where a column of n numbers met a row of n that is not differentiated.

    Who means every pair says so, by a second dimension of the row too.
    """
    found = []
    for entry in tape.entries:
        name = getattr(entry.function, "__name__", "")
        refs = [leaf for leaf in entry.leaves if isinstance(leaf, Ref)]
        if name not in PAIRED or len(refs) != 2 or len(entry.sizes) < 3:
            continue
        constant = [r.key in tape.given and r.key not in tape.leaves for r in refs]
        one, other = entry.sizes[:2]
        if sum(constant) == 1 and _accident(one, other):
            found.append({"function": name, "shapes": [list(one), list(other)]})
    return found


def rows_of(tape: Tape | None) -> int | None:
    """How many samples the criterion was given, where it had one target for each."""
    for entry in () if tape is None else reversed(tape.entries):
        name = getattr(entry.function, "__name__", "")
        if name in CRITERIA and len(entry.sizes) > 2 and len(entry.sizes[1]) == 1:
            return entry.sizes[1][0]
    return None


def _accident(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    column, row = sorted((one, other), key=len, reverse=True)
    return len(row) == 1 and len(column) == 2 and column == (row[0], 1) and row[0] > 1
