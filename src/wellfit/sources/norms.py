"""Norms after layers, where the whole model is one Sequential in the text."""

from collections.abc import Iterator, Mapping
from typing import Any

import libcst as cst

from wellfit.sources.activations import LAYERS
from wellfit.sources.project import Left, Project
from wellfit.sources.text import Swap, Text, argument, bare, expression, nodes, written

SEQUENTIAL = "torch.nn.Sequential"
NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "RMSNorm", "InstanceNorm")
WIDTHS = {"Linear": "out_features"}  # others have channels


def insert_normalization(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Put a norm after each layer but the last."""
    found = _model(project)
    if isinstance(found, Left):
        return found
    path, text, model = found
    layers = [arg for arg in model.args if text.called(arg.value) in LAYERS]
    norms: dict[cst.Arg, str] = {}
    for arg in layers[:-1]:
        norm = _norm(text, arg.value, params["kind"])
        if isinstance(norm, Left):
            return norm
        norms[arg] = norm
    if not norms:
        return Left(why="the model has no two layers")
    swaps: dict[cst.CSTNode, Swap] = {model: lambda node: _with(node, model, norms)}
    return project.edited({path: text.edited(swaps)})


def _model(project: Project) -> tuple[Any, Text, cst.Call] | Left:
    """The Sequential that is the model, whose parts nothing else may name."""
    found = [
        (path, text, node)
        for path, text in project.texts.items()
        for node in (*text.calls(SEQUENTIAL), *text.all(cst.ClassDef))
    ]
    if len(found) != 1 or not isinstance(found[0][2], cst.Call):
        return Left(why="the model is not one Sequential in the text")
    path, text, model = found[0]
    names = {text.called(arg.value) for arg in model.args}
    if not all(name.startswith("torch.nn.") for name in names):
        return Left(why="what stands in the Sequential is not seen")
    if any(name.removeprefix("torch.nn.").startswith(NORMS) for name in names):
        return Left(why="there are norms already")
    for code, other in zip(project.files.values(), project.texts.values(), strict=True):
        if "load_state_dict" in code or any(_indexes(other)):
            return Left(why="the layers are named by their places elsewhere too")
    return path, text, model


def _indexes(text: Text) -> Iterator[bool]:
    """Whether places of a model may be named: `net[2]`, by a name for a Sequential."""
    for line in text.all(cst.Assign):
        if text.called(line.value) == SEQUENTIAL:
            name = written(line.targets[0].target)
            for node in nodes(text.module, cst.Subscript):
                yield written(node.value) == name


def _norm(text: Text, layer: Any, kind: str) -> str | Left:
    name = text.called(layer).removeprefix("torch.nn.")
    width = argument(layer, WIDTHS.get(name, "out_channels"), 1)
    if width is None or next(nodes(width.value, cst.Call), None) is not None:
        return Left(why=f"the width of line {text.line(layer)} is not said plainly")
    said = written(width.value)
    if name == "Linear" and kind == "layer":
        return _made(text, f"LayerNorm({said})")
    if name.startswith("Conv") and name[-2:] in ("1d", "2d", "3d"):
        batch = f"BatchNorm{name[-2:]}({said})"
        return _made(text, batch if kind == "batch" else f"GroupNorm(1, {said})")
    return Left(why=f"whether rows or tokens enter line {text.line(layer)} is not said")


def _made(text: Text, code: str) -> str:
    name, rest = code[: code.index("(")], code[code.index("(") :]
    return (text.spelled(f"torch.nn.{name}") or f"torch.nn.{name}") + rest


def _with(node: cst.Call, model: cst.Call, norms: Mapping[cst.Arg, str]) -> cst.Call:
    """The call with norms among its arguments, laid out as these are."""
    args: list[cst.Arg] = []
    for own, arg in zip(model.args, node.args, strict=True):
        if own in norms:
            comma: Any = arg.comma
            gap = comma.with_changes(whitespace_after=bare(comma.whitespace_after))
            args.append(arg.with_changes(comma=gap))
            args.append(cst.Arg(value=expression(norms[own]), comma=comma))
        else:
            args.append(arg)
    return node.with_changes(args=args)
