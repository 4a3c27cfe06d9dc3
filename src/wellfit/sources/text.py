"""The text of one file of Python, read for what its names mean, and edited.

LibCST keeps all that is not edited as it was written: comments, quotes, blank lines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import libcst as cst
from libcst.metadata import (
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    QualifiedNameProvider,
)

Swap = Callable[[Any], Any]  # the node, its own parts edited → what is in its place


class Text:
    """One file: its nodes in the order of the text, and the lines they stand in."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.module = cst.parse_module(code)

    # What a name means takes a hundred times as long as to parse: only where needed.

    @cached_property
    def _wrapper(self) -> MetadataWrapper:
        return MetadataWrapper(self.module, unsafe_skip_copy=True)

    @cached_property
    def _names(self) -> Mapping[cst.CSTNode, Any]:
        return self._wrapper.resolve(QualifiedNameProvider)

    @cached_property
    def _places(self) -> Mapping[cst.CSTNode, Any]:
        return self._wrapper.resolve(PositionProvider)

    @cached_property
    def _parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        return self._wrapper.resolve(ParentNodeProvider)

    @cached_property
    def _nodes(self) -> list[cst.CSTNode]:
        return list(nodes(self.module, cst.CSTNode))

    def all(self, kind: Any) -> list[Any]:
        """Every node of a kind, or of several, as they come in the text."""
        return [node for node in self._nodes if isinstance(node, kind)]

    def line(self, node: cst.CSTNode) -> int:
        """Where it begins."""
        return int(self._places[node].start.line)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What it is a part of."""
        return self._parents.get(node)

    def above(self, node: cst.CSTNode, kind: Any) -> Any:
        """The nearest of a kind that it is in; None where it is in none."""
        found = self.parent(node)
        while found is not None and not isinstance(found, kind):
            found = self.parent(found)
        return found

    def scope(self, node: cst.CSTNode) -> cst.CSTNode:
        """The function whose own statement it is part of, or the module."""
        found = self.above(node, cst.FunctionDef | cst.Lambda)
        return self.module if found is None else found

    def name(self, node: cst.CSTNode) -> str:
        """What it is called in full, `torch.optim.SGD`; "" where that is not sure."""
        found: Any = self._names.get(node, ())
        found = found() if callable(found) else found
        names = {one.name for one in found if one.source.name != "BUILTIN"}
        return names.pop() if len(names) == 1 else ""

    def called(self, call: cst.BaseExpression) -> str:
        """The full name of what is called; "" where it is no call, or is not sure."""
        if not isinstance(call, cst.Call) or isinstance(call.func, cst.Call):
            return ""  # `Loss()(x, y)` is a call of what a call has made
        return self.name(call.func)

    def calls(self, *names: str) -> list[cst.Call]:
        """Every call of one of these, by full names."""
        shorts = {name.rpartition(".")[2] for name in names}
        likely = (c for c in self.all(cst.Call) if self.short(c) in shorts)
        return [c for c in likely if self.called(c) in names]

    def starting(self, name: str) -> list[cst.Call]:
        """Every call of what has a full name that starts so, `torch.optim.`."""
        if name.rstrip(".").rpartition(".")[2] not in self.code:
            return []
        return [c for c in self.all(cst.Call) if self.called(c).startswith(name)]

    def short(self, call: cst.Call) -> str:
        """The last part of the full name of what is called, if it has one."""
        func = call.func
        if isinstance(func, cst.Attribute):
            return func.attr.value
        name = func.value if isinstance(func, cst.Name) else ""
        return self._meant.get(name, name).rpartition(".")[2]

    @cached_property
    def _meant(self) -> dict[str, str]:
        return dict(self._imported)

    def spelled(self, name: str) -> str | None:
        """How a full name can be written here, by what is imported; None if it cannot.

        By what imports most of it: `F.relu`, else `nn.functional.relu`.
        """
        known = [
            (len(full), f"{short}{name[len(full) :]}")
            for short, full in self._imported
            if name == full or name.startswith(f"{full}.")
        ]
        return max(known)[1] if known else None

    @cached_property
    def _imported(self) -> list[tuple[str, str]]:
        """The names that imports of the module give, and what they mean in full."""
        found: list[tuple[str, str]] = []
        for line in _imports(self.module):
            if isinstance(line, cst.Import):
                found += map(_imported, line.names)
            elif line.module is not None and not isinstance(line.names, cst.ImportStar):
                if line.relative:
                    continue
                base = written(line.module)
                for short, full in map(_imported, line.names):
                    found.append((short, f"{base}.{full}"))
        return found

    def edited(self, swaps: Mapping[Any, Swap]) -> str:
        """The text with nodes swapped."""
        if not swaps:
            return self.code
        return self.module.visit(_Swapping(swaps)).code


class _Swapping(cst.CSTTransformer):
    def __init__(self, swaps: Mapping[Any, Swap]) -> None:
        super().__init__()
        self._swaps = swaps

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        swap = self._swaps.get(original_node)
        found = super().on_leave(original_node, updated_node)
        return found if swap is None else swap(found)


def nodes(top: cst.CSTNode, kind: Any) -> Iterator[Any]:
    """Every node of a kind within another, itself too, as they come in the text."""
    if isinstance(top, kind):
        yield top
    for child in top.children:
        yield from nodes(child, kind)


def written(node: cst.CSTNode) -> str:
    """A node as it is written."""
    return cst.Module([]).code_for_node(node)


def expression(code: str) -> cst.BaseExpression:
    """The node of an expression."""
    return cst.parse_expression(code)


def statements(code: str) -> list[cst.BaseStatement]:
    """The nodes of some statements."""
    parsed = cst.parse_module(code)
    return [s for s in parsed.body if isinstance(s, cst.BaseStatement)]


def argument(call: cst.Call, name: str, place: int | None = None) -> cst.Arg | None:
    """What a call is given by a name, or at a place; None where it is not given."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    plain = positional(call)
    if place is None or plain is None or place >= len(plain):
        return None
    return plain[place]


def positional(call: cst.Call) -> list[cst.Arg] | None:
    """What it is given without names; None where a star hides how many there are."""
    if any(arg.star for arg in call.args):
        return None
    return [arg for arg in call.args if arg.keyword is None]


def keyword(name: str, code: str) -> cst.Arg:
    """`name=code`, to be given to a call."""
    return cst.Arg(
        keyword=cst.Name(name),
        value=expression(code),
        equal=cst.AssignEqual(
            cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
        ),
    )


def given(call: cst.Call, *more: cst.Arg) -> cst.Call:
    """The call, given that besides; laid out as its own arguments are."""
    if not call.args:
        return call.with_changes(args=_joined(more))
    *first, last = call.args
    between, comma = _between(call.args), last.comma
    tail: Any = last.whitespace_after_arg
    ends: dict[str, Any] = {"comma": comma, "whitespace_after_arg": bare(tail)}
    if isinstance(comma, cst.Comma):
        tail = comma.whitespace_after
        ends["comma"] = comma.with_changes(whitespace_after=bare(tail))
    laid = [one.with_changes(comma=between) for one in more]
    laid[-1] = laid[-1].with_changes(**ends)
    gap = between.whitespace_after
    if isinstance(gap, _Lines) and isinstance(tail, _Lines):
        gap = gap.with_changes(first_line=tail.first_line)  # a comment beside it
    before = last.with_changes(
        comma=between.with_changes(whitespace_after=gap),
        whitespace_after_arg=cst.SimpleWhitespace(""),
    )
    return call.with_changes(args=[*first, before, *laid])


_Lines = cst.ParenthesizedWhitespace


def bare(gap: Any) -> Any:
    """A gap without a comment in it."""
    if not isinstance(gap, _Lines):
        return gap
    return gap.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=())


def _between(args: Sequence[cst.Arg]) -> cst.Comma:
    """The comma that stands between its arguments."""
    if len(args) > 1 and isinstance(args[-2].comma, cst.Comma):
        comma = args[-2].comma
        return comma.with_changes(whitespace_after=bare(comma.whitespace_after))
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _joined(args: Sequence[cst.Arg]) -> list[cst.Arg]:
    between = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return [*(a.with_changes(comma=between) for a in args[:-1]), args[-1]]


def plain(call: cst.Call, *, without: str) -> cst.Call:
    """The call without an argument that is named."""
    kept = [a for a in call.args if a.keyword is None or a.keyword.value != without]
    if kept and kept[-1] is not call.args[-1]:
        kept[-1] = kept[-1].with_changes(comma=call.args[-1].comma)
    return call.with_changes(args=kept)


def times(value: cst.BaseExpression, factor: str) -> cst.BaseExpression:
    """`value * factor`; brackets where they are needed."""
    code = written(value)
    tight = isinstance(
        value,
        cst.BaseNumber | cst.Name | cst.Attribute | cst.Call | cst.Subscript,
    )
    return expression(f"{code if tight or value.lpar else f'({code})'} * {factor}")


def number(value: cst.BaseExpression | None) -> float | None:
    """What a literal number says; None where it is none."""
    if isinstance(value, cst.Integer | cst.Float):
        return float(value.evaluated_value)
    return None


def _imports(module: cst.Module) -> Iterator[cst.Import | cst.ImportFrom]:
    for line in module.body:
        if isinstance(line, cst.SimpleStatementLine):
            for part in line.body:
                if isinstance(part, cst.Import | cst.ImportFrom):
                    yield part


def _imported(alias: cst.ImportAlias) -> tuple[str, str]:
    full = written(alias.name)
    if alias.asname is not None:
        return written(alias.asname.name), full
    top = full.partition(".")[0]
    return (full, full) if "." in full else (top, top)
