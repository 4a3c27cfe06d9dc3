"""How many steps a training will take: read from the loops that it stands in.

Their source is parsed, and what they go over is looked up where it is a name, an
attribute, a number, `range`, `len`, `enumerate`, `zip`, `tqdm` or the like. Nothing is
called that is not known to do nothing but tell.
"""

import ast
import linecache
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

PASSED = {"enumerate", "tqdm", "list", "tuple", "reversed", "sorted", "track"}
MOST_FRAMES = 64


class Unknown(Exception):
    """It cannot be told how often a loop goes round."""


def loops_around(frame: FrameType | None, skip: str) -> list[dict[str, Any]]:
    """The loops that the frames stand in, outermost first.

    Each with `file`, `line`, its `text` and how many `rounds` it goes, None where that
    cannot be told. Frames of files below `skip`, and of installed packages, are passed
    over.
    """
    found: list[dict[str, Any]] = []
    for _ in range(MOST_FRAMES):
        if frame is None:
            break
        file = frame.f_code.co_filename
        if not file.startswith((skip, "<frozen")) and "site-packages" not in file:
            found = [*_in_frame(frame), *found]
        frame = frame.f_back
    return found


def _in_frame(frame: FrameType) -> list[dict[str, Any]]:
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    try:
        module = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return []
    names = {**frame.f_builtins, **frame.f_globals, **frame.f_locals}
    begins = frame.f_code.co_firstlineno
    line = frame.f_lineno
    found = []
    for loop in _loops_at(module, line, begins):
        head = lines[loop.lineno - 1].strip().rstrip(":")
        said = {"line": loop.lineno, "text": head, "rounds": None}
        if isinstance(loop, ast.For | ast.AsyncFor):
            try:
                said["rounds"] = _length(loop.iter, names)
            except Exception:  # of the script's own objects, whatever they do
                said["rounds"] = None
        found.append(said)
    return found


def _loops_at(
    module: ast.AST, line: int, begins: int
) -> list[ast.For | ast.AsyncFor | ast.While]:
    """The loops around a line, outermost first, within its own function."""
    path: list[Any] = []
    for node in ast.walk(module):
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            last = max((n.end_lineno or n.lineno for n in node.body), default=0)
            if node.lineno <= line <= last and node.lineno >= begins:
                path.append(node)
    return sorted(path, key=lambda node: node.lineno)


def _length(node: ast.expr, names: Mapping[str, Any]) -> int:
    """How many items it goes over."""
    if isinstance(node, ast.Call):
        return _items(node, names)
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        picked = node.slice  # rows picked by their numbers
        if isinstance(picked, ast.Call):
            return _length(picked, names)
        if isinstance(picked, ast.Name) and getattr(names[picked.id], "ndim", 0) == 1:
            return len(names[picked.id])
    return len(_value(node, names))


def _items(call: ast.Call, names: Mapping[str, Any]) -> int:
    """How many a call gives, of functions that are known."""
    called, args = _name(call.func), call.args
    if called in ("range", "trange"):
        found = len(range(*[int(_value(a, names)) for a in args]))
    elif called == "zip":
        found = min(_length(argument, names) for argument in args)
    elif called in PASSED and args:
        found = _length(args[0], names)
    elif called == "split" and isinstance(call.func, ast.Attribute):
        found = -(-_length(call.func.value, names) // int(_value(args[0], names)))
    elif called == "randperm":
        found = int(_value(args[0], names))
    else:
        raise Unknown
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What an expression is, as far as names, attributes and arithmetic go."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, names), node.attr)
    if isinstance(node, ast.Subscript):
        owner, place = _value(node.value, names), _value(node.slice, names)
        if isinstance(owner, dict | list | tuple):
            return owner[place]
        raise Unknown
    if isinstance(node, ast.Call) and _name(node.func) in ("len", "int", "min", "max"):
        return _known(_name(node.func), [_value(a, names) for a in node.args])
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        left, right = _value(node.left, names), _value(node.right, names)
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _SUMS[type(node.op)](left, right)
    raise Unknown


def _attribute(owner: Any, name: str) -> Any:
    """An attribute that is simply there: no property of the script's is run."""
    if name in getattr(owner, "__dict__", {}):
        return owner.__dict__[name]
    for kind in type(owner).__mro__:
        if name in vars(kind):
            found = vars(kind)[name]
            if hasattr(found, "__get__") and not hasattr(found, "__objclass__"):
                raise Unknown
            return getattr(owner, name)
    raise Unknown


def _known(name: str, values: Sequence[Any]) -> Any:
    return {"len": len, "int": int, "min": min, "max": max}[name](*values)  # type: ignore[operator]


_SUMS: Mapping[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Div: lambda a, b: a / b,
}
