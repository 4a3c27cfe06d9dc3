"""What optimizers are made with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.project import Left, Project
from wellfit.sources.steps import steps_of
from wellfit.sources.text import (
    Swap,
    argument,
    expression,
    given,
    keyword,
    number,
    positional,
)

MOMENTUM: Mapping[str, int] = {  # the place of the argument, after its name
    "torch.optim.SGD": 2,
    "torch.optim.RMSprop": 5,
}


def add_momentum(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Give `momentum=` to optimizers that have none."""
    found = steps_of(project)
    if isinstance(found, Left):
        return found
    swaps: dict[Path, dict[cst.CSTNode, Swap]] = {}
    share = repr(params["momentum"])
    for made in found.made:
        text, call = found.bindings.texts[made.path], made.node
        assert isinstance(call, cst.Call)
        place = MOMENTUM.get(text.called(call))
        if place is None:
            continue
        if positional(call) is None:
            return Left(why=f"line {text.line(call)} gives arguments by a star")
        known = argument(call, "momentum", place)
        if known is not None and number(known.value) is None:
            return Left(why=f"line {text.line(call)} makes its momentum elsewhere")
        edits = swaps.setdefault(made.path, {})
        if known is None:
            edits[call] = lambda node: given(node, keyword("momentum", share))
        elif number(known.value) == 0:
            edits[known] = lambda arg: arg.with_changes(value=expression(share))
    if not swaps:
        return Left(why="no optimizer that is made could have a momentum")
    texts = found.bindings.texts
    return project.edited({p: texts[p].edited(s) for p, s in swaps.items()})
