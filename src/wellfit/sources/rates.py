"""Learning rates, where optimizers are made and where they are set."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.project import Left, Project
from wellfit.sources.steps import RATES, steps_of
from wellfit.sources.text import (
    Swap,
    Text,
    argument,
    given,
    keyword,
    nodes,
    number,
    positional,
    times,
    written,
)

SCHEDULERS = "torch.optim.lr_scheduler."
# Arguments of schedulers that are rates, not factors: name → place.
ABSOLUTE: Mapping[str, Mapping[str, int]] = {
    "OneCycleLR": {"max_lr": 1},
    "CyclicLR": {"base_lr": 1, "max_lr": 2},
    "CosineAnnealingLR": {"eta_min": 2},
    "CosineAnnealingWarmRestarts": {"eta_min": 3},
    "ReduceLROnPlateau": {"min_lr": 6},
}


def scale_rates(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Write `* factor` after every rate: of optimizers, of their groups, of schedules.

    A rate that is multiplied by the same number already is left: by whom is not known.
    """
    found = steps_of(project)
    if isinstance(found, Left):
        return found
    factor = repr(params["factor"])
    codes: dict[Path, str] = {}
    for path, text in found.bindings.texts.items():
        swaps: dict[cst.CSTNode, Swap] = {}
        for place in rates_of(text):
            swap = place if isinstance(place, Left) else _scaling(text, place, factor)
            if isinstance(swap, Left):
                return Left(why=f"{swap.why}, in {path.name}")
            swaps[place] = swap
        if swaps:
            codes[path] = text.edited(swaps)
    return project.edited(codes)


def _scaling(text: Text, place: Any, factor: str) -> Swap | Left:
    if isinstance(place, cst.Call):  # it has the rate that it has by itself
        usual = RATES[text.called(place)]
        return lambda call: given(call, keyword("lr", f"{usual!r} * {factor}"))
    value = place.value
    if isinstance(value, cst.List | cst.Tuple):
        return Left(why=f"the rates {written(value)} are several")
    if isinstance(value, cst.BinaryOperation):
        sides = [number(value.left), number(value.right)]
        if float(factor) in sides:
            return Left(why=f"the rate {written(value)} has that factor already")
    return lambda node: node.with_changes(value=times(node.value, factor))


def rates_of(text: Text) -> Iterator[Any]:
    """Where a rate is said: an argument, an entry of a dict, an assignment.

    The call itself stands for the rate that it has without saying. A `Left` for one of
    which it is not sure.
    """
    for call in text.calls(*RATES):
        if positional(call) is None:
            yield Left(why=f"line {text.line(call)} gives arguments by a star")
        yield argument(call, "lr", 1) or call
    for call in text.calls(*(SCHEDULERS + kind for kind in ABSOLUTE)):
        yield from _absolute(call, text.called(call).removeprefix(SCHEDULERS))
    for entry in text.all(cst.Dict):
        said = {_key(e): e for e in entry.elements if isinstance(e, cst.DictElement)}
        if {"params", "lr"} <= said.keys():
            yield said["lr"]
    yield from _set(text)


def _absolute(call: cst.Call, kind: str) -> Iterator[cst.CSTNode]:
    for name, place in ABSOLUTE.get(kind, {}).items():
        arg = argument(call, name, place)
        if arg is not None and number(arg.value) != 0:
            yield arg


def _set(text: Text) -> Iterator[cst.CSTNode | Left]:
    """The rates that the script sets by itself, in the groups of an optimizer."""
    lines = text.all(cst.Assign)
    own = [a for a in lines if any(_of_group(text, t.target) for t in a.targets)]
    for line in lines if own else ():
        if any(_reads(node) for node in nodes(line.value, cst.Subscript | cst.Call)):
            yield Left(why=f"line {text.line(line)} makes a rate of another")
    for more in text.all(cst.AugAssign):
        relative = cst.MultiplyAssign | cst.DivideAssign
        if _of_group(text, more.target) and not isinstance(more.operator, relative):
            yield Left(why=f"line {text.line(more)} adds to a rate")
    yield from own


def sets_rates(text: Text) -> bool:
    """Whether the script sets rates by itself."""
    lines = [*text.all(cst.Assign), *text.all(cst.AugAssign)]
    targets = [
        target for line in lines for target in getattr(line, "targets", None) or [line]
    ]
    return any(_of_group(text, t.target) for t in targets)


def _reads(node: cst.CSTNode) -> bool:
    """Whether it is a rate that an optimizer has, or once had."""
    said = written(node)
    return said.endswith(('lr"]', "lr']", "get_last_lr()"))


def _of_group(text: Text, target: cst.BaseExpression) -> bool:
    """Whether it is `group["lr"]`, of the `param_groups` of an optimizer."""
    if not isinstance(target, cst.Subscript) or not _is_rate(target):
        return False
    if "param_groups" in written(target.value):
        return True
    loops = text.all(cst.For)
    name = written(target.value)
    return any(
        name in written(loop.target) and "param_groups" in written(loop.iter)
        for loop in loops
    )


def _is_rate(node: cst.Subscript) -> bool:
    return written(node).endswith(('["lr"]', "['lr']"))


def _key(entry: cst.DictElement) -> str:
    key = entry.key
    return str(key.evaluated_value) if isinstance(key, cst.SimpleString) else ""
