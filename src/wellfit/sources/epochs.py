"""How many epochs there are, where a script counts them itself."""

from collections.abc import Mapping
from typing import Any

import libcst as cst

from wellfit.sources.project import Left, Project
from wellfit.sources.shuffling import LOADER, loops_of
from wellfit.sources.text import expression, positional, times, written

SCHEDULERS = "torch.optim.lr_scheduler."


def train_longer(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Count so many times as many: only where batches are cut by hand.

    Passes over a DataLoader are made longer while it trains, and schedules with them.
    """
    texts, factor = project.texts, params["factor"]
    for path, text in texts.items():
        if text.calls(LOADER):
            return Left(why="passes over a DataLoader are made longer as it trains")
        for call in text.starting(SCHEDULERS):
            where = f"line {text.line(call)} of {path.name}"
            return Left(why=f"the schedule of {where} would have to be stretched")
    found = [(path, loop) for path, text in texts.items() for loop in loops_of(text)]
    if len(found) != 1:
        return Left(why=f"the text has {len(found)} loops that train by themselves")
    ((path, loop),) = found
    count = _count(loop)
    if count is None:
        return Left(why=f"{written(loop.iter)} counts no epochs")
    code = _longer(count, factor)
    if code is None:
        return Left(why=f"{written(loop.iter)} is multiplied already")
    swaps = {count: lambda _: expression(code)}
    return project.edited({path: texts[path].edited(swaps)})


def _count(loop: cst.For) -> cst.BaseExpression | None:
    """What is counted up to: `n` of `range(n)` or of `range(0, n)`."""
    call = loop.iter
    if not isinstance(call, cst.Call) or written(call.func) != "range":
        return None
    args = positional(call) or []
    if len(args) == 2 and written(args[0].value) == "0":
        return args[1].value
    return args[0].value if len(args) == 1 else None


def _longer(count: cst.BaseExpression, factor: float) -> str | None:
    """`20 * 2`; None where it is a product already, of which it is not known whose."""
    if isinstance(count, cst.BinaryOperation) or written(count).startswith("round("):
        return None
    if float(factor).is_integer():
        return written(times(count, repr(int(factor))))
    return f"round({written(times(count, repr(factor)))})"
