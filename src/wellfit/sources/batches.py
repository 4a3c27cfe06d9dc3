"""How many rows a DataLoader gives at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.bindings import Bindings
from wellfit.sources.project import Left, Project
from wellfit.sources.shuffling import LOADER, trained_from
from wellfit.sources.text import Swap, argument, positional, times, written


def resize_batches(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Multiply `batch_size` where DataLoaders are made that are trained from.

    By what leaves a whole number of rows, whatever it was.
    """
    factor, bindings = params["factor"], Bindings(project)
    if not float(factor).is_integer():
        return Left(why=f"{factor:g} times as many rows may be no whole number")
    made = trained_from(bindings)
    swaps: dict[Path, dict[cst.CSTNode, Swap]] = {}
    for one in made:
        call: Any = one.node
        size = argument(call, "batch_size", 1)
        why = _unfit(call, size)
        if why or size is None:
            return Left(why=f"the DataLoader that is trained from has {why}")
        swaps.setdefault(one.path, {})[size] = _multiplying(int(factor))
    if not made:
        return Left(why="the text makes no DataLoader that it trains from")
    for text in bindings.texts.values():
        for call in text.calls(LOADER):
            shuffle = argument(call, "shuffle", 2)
            random = shuffle is not None and written(shuffle.value) != "False"
            if random and not any(one.node is call for one in made):
                return Left(why="another DataLoader draws at random too")
    texts = bindings.texts
    return project.edited({p: texts[p].edited(s) for p, s in swaps.items()})


def _multiplying(factor: int) -> Swap:
    return lambda arg: arg.with_changes(value=times(arg.value, repr(factor)))


def _unfit(call: cst.Call, size: cst.Arg | None) -> str:
    """Why the size of its batches is not surely what is multiplied; "" where it is."""
    if positional(call) is None:
        return "arguments by a star"
    if size is None:
        return "no batch_size"
    if isinstance(size.value, cst.BinaryOperation):
        return f"a batch_size, {written(size.value)}, that is a product already"
    own = [n for n in ("batch_sampler", "drop_last") if argument(call, n) is not None]
    return f"{own[0]} of its own" if own else ""
