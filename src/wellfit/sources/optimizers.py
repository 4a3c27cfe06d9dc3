"""Another optimizer in the place of the script's own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.project import Left, Project
from wellfit.sources.rates import rates_of
from wellfit.sources.steps import RATES, importing, steps_of
from wellfit.sources.text import (
    Swap,
    Text,
    argument,
    expression,
    keyword,
    number,
    positional,
    written,
)

KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "adamw": ("AdamW", {}),
    "adam": ("Adam", {}),
    "sgd-momentum": ("SGD", {"momentum": "0.9"}),
    "rmsprop": ("RMSprop", {}),
    "adagrad": ("Adagrad", {}),
}
HOME = "torch.optim."
WITH_BETAS = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "Adamax", "SparseAdam"})
DECAY: Mapping[str, str] = {"AdamW": "0.01"}  # that one has by itself; others have 0


def switch_optimizer(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Make another one, on the same parameters and with the same decay."""
    found = steps_of(project)
    if isinstance(found, Left):
        return found
    texts = found.bindings.texts
    swaps: dict[Path, dict[cst.CSTNode, Swap]] = {}
    for path, text in texts.items():
        if not all(_of_optimizer(text, place) for place in rates_of(text)):
            return Left(why=f"rates are said elsewhere too, in {path.name}")
    for made in found.made:
        text, call = texts[made.path], made.node
        assert isinstance(call, cst.Call)
        if _is_one(text, call, params["to"]):
            continue
        if positional(call) is None or len(positional(call) or ()) > 2 or not call.args:
            return Left(why=f"line {text.line(call)} gives arguments without names")
        swaps.setdefault(made.path, {})[call] = _switching(text, call, params)
    if not swaps:
        return Left(why=f"every optimizer is {params['to']} already")
    codes = {p: texts[p].edited(s) for p, s in swaps.items()}
    return importing(project.edited(codes), codes, "torch")


def _of_optimizer(text: Text, place: Any) -> bool:
    """Whether a rate is said where an optimizer is made, for all that it trains."""
    call = text.parent(place) if isinstance(place, cst.Arg) else place
    return isinstance(call, cst.Call) and text.called(call) in RATES


def _is_one(text: Text, call: cst.Call, to: str) -> bool:
    kind, _ = KINDS[to]
    if text.called(call) != HOME + kind:
        return False
    momentum = argument(call, "momentum", 2)
    return to != "sgd-momentum" or bool(momentum and number(momentum.value))


def _switching(text: Text, call: cst.Call, params: Mapping[str, Any]) -> Swap:
    kind, own = KINDS[params["to"]]
    name = HOME + kind
    called = text.spelled(name) or name
    was = text.called(call).removeprefix(HOME)
    more = {"lr": repr(params["rate"]), **own, **dict(_kept(call, was, kind))}

    def swap(node: cst.Call) -> cst.Call:
        first, rest = node.args[0], list(node.args[1:])
        laid = (
            first.comma
            if rest
            else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        )
        new = [keyword(n, code).with_changes(comma=laid) for n, code in more.items()]
        last = node.args[-1]
        new[-1] = new[-1].with_changes(
            comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
        )
        before = first.with_changes(
            comma=laid, whitespace_after_arg=cst.SimpleWhitespace("")
        )
        return node.with_changes(func=expression(called), args=[before, *new])

    return swap


def _kept(call: cst.Call, was: str, kind: str) -> Iterator[tuple[str, str]]:
    """The arguments that mean the same to both."""
    usual, decay = DECAY.get(was, "0"), argument(call, "weight_decay")
    said = usual if decay is None else written(decay.value)
    if said != DECAY.get(kind, "0"):
        yield "weight_decay", said
    shared = {"maximize"} | ({"betas"} if {was, kind} <= WITH_BETAS else set())
    for name in sorted(shared):
        arg = argument(call, name)
        if arg is not None:
            yield name, written(arg.value)
