"""What a name of a script stands for: the calls that made it, as far as is sure."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import libcst as cst

from wellfit.sources.project import Project
from wellfit.sources.text import argument, positional, written

DEEPEST = 8  # steps from a name to what it stands for


@dataclass(frozen=True, slots=True)
class Made:
    """An expression, and the file in which it stands."""

    path: Path
    node: cst.BaseExpression


class Bindings:
    """The assignments, functions and calls of a project's files."""

    def __init__(self, project: Project) -> None:
        self.texts = project.texts

    def behind(self, made: Made, depth: int = 0) -> list[Made] | None:
        """What an expression comes from in the end, calls mostly.

        None where that is not sure: it is assigned in a way that is not followed.
        """
        if depth > DEEPEST:
            return None
        text, node = self.texts[made.path], made.node
        if isinstance(node, cst.Call):
            return self._returned(made, node, depth)
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            found = self._assigned(made.path, None, written(node))
            return self._all(found, depth)
        if not isinstance(node, cst.Name):
            return [made]
        return self._all(self._bound(made.path, text.scope(node), node), depth)

    def _bound(
        self, path: Path, scope: cst.CSTNode, name: cst.Name
    ) -> list[Made] | None:
        """What a name is given in a scope, else in one around it, or where imported."""
        found = self._assigned(path, scope, name.value)
        if found == [] and isinstance(scope, cst.FunctionDef):
            found = self._passed(scope, name.value)
        if found != []:
            return found
        if isinstance(scope, cst.Module):
            return self._imported(Made(path, name))
        return self._bound(path, self.texts[path].scope(scope), name)

    def _all(self, found: list[Made] | None, depth: int) -> list[Made] | None:
        """What is behind each of several; None where one is not sure, or none is."""
        if not found:
            return None
        behind: list[Made] = []
        for one in found:
            more = self.behind(one, depth + 1)
            if more is None:
                return None
            behind += [m for m in more if m not in behind]
        return behind

    def _assigned(
        self, path: Path, scope: cst.CSTNode | None, name: str
    ) -> list[Made] | None:
        """The values that a name is given in a scope; None where one is not sure.

        The scope of an attribute, `self.model`, is all of the file.
        """
        values: list[Made] = []
        for home, target, value in self._assignments[path]:
            if target == name and (scope is None or home is scope):
                if value is None:
                    return None
                values.append(Made(path, value))
        return values

    @cached_property
    def _assignments(
        self,
    ) -> dict[Path, list[tuple[cst.CSTNode, str, cst.BaseExpression | None]]]:
        """Scope, target and value of each assignment; the value None if not sure."""
        return {
            path: [
                (text.scope(node), target, value)
                for node in text.all(cst.CSTNode)
                for target, value in _pairs(node)
            ]
            for path, text in self.texts.items()
        }

    def _passed(self, function: cst.FunctionDef, name: str) -> list[Made] | None:
        """What all calls of a function give it by a name; None where not sure."""
        params = [*function.params.params, *function.params.kwonly_params]
        names = [p.name.value for p in params]
        if name not in names:
            return []
        place = names.index(name)
        found: list[Made] = []
        for path, call in self._calls_of(function):
            arg = argument(call, name, place)
            if arg is None:
                return None
            found.append(Made(path, arg.value))
        return found or None

    def _calls_of(self, function: cst.FunctionDef) -> Iterator[tuple[Path, cst.Call]]:
        for path, text in self.texts.items():
            for call in text.all(cst.Call):
                own = text.short(call) == function.name.value
                if own and text.called(call) and positional(call) is not None:
                    yield path, call

    def _returned(self, made: Made, call: cst.Call, depth: int) -> list[Made] | None:
        """What a function of the project's gives back; of another the call itself."""
        function = self._function(made.path, call)
        if function is None:
            return [made]
        path, node = function
        text = self.texts[path]
        given = [
            Made(path, line.value)
            for line in text.all(cst.Return)
            if text.scope(line) is node and line.value is not None
        ]
        return self._all(given, depth)

    def _function(
        self, path: Path, call: cst.Call
    ) -> tuple[Path, cst.FunctionDef] | None:
        if self.texts[path].short(call) not in self._functions:
            return None
        name = self.texts[path].called(call)
        for file, text in self.texts.items():
            for node in text.module.body:
                if isinstance(node, cst.FunctionDef):
                    own = node.name.value
                    here = file == path and name == own
                    if here or name.endswith(f"{file.stem}.{own}"):
                        return file, node
        return None

    @cached_property
    def _functions(self) -> frozenset[str]:
        return frozenset(
            node.name.value
            for text in self.texts.values()
            for node in text.module.body
            if isinstance(node, cst.FunctionDef)
        )

    def _imported(self, made: Made) -> list[Made] | None:
        """What a module of the project's calls so, where a name is imported from it."""
        full = self.texts[made.path].name(made.node)
        for path, text in self.texts.items():
            if path != made.path and full.startswith(f"{path.stem}."):
                return self._assigned(path, text.module, full.rpartition(".")[2])
        return None


def _pairs(node: cst.CSTNode) -> Iterator[tuple[str, cst.BaseExpression | None]]:
    """The targets of an assignment, each with its value."""
    if isinstance(node, cst.Assign):
        for target in node.targets:
            yield from _matched(target.target, node.value)
    elif isinstance(node, cst.AnnAssign | cst.NamedExpr):
        if node.value is not None:
            yield written(node.target), node.value
    elif isinstance(node, cst.For | cst.CompFor):
        items = (
            node.iter.elements if isinstance(node.iter, cst.List | cst.Tuple) else ()
        )
        for item in items:
            yield from _matched(node.target, item.value)
        if not items:
            yield from _unknown(node.target)
    elif isinstance(node, cst.AugAssign):
        yield from _unknown(node.target)
    elif isinstance(node, cst.AsName):
        yield from _unknown(node.name)


def _matched(
    target: cst.BaseExpression, value: cst.BaseExpression
) -> Iterator[tuple[str, cst.BaseExpression | None]]:
    if not isinstance(target, cst.Tuple | cst.List):
        yield written(target), value
        return
    parts = value.elements if isinstance(value, cst.Tuple | cst.List) else ()
    if len(parts) != len(target.elements):
        yield from _unknown(target)
        return
    for one, other in zip(target.elements, parts, strict=True):
        yield from _matched(one.value, other.value)


def _unknown(target: cst.BaseExpression) -> Iterator[tuple[str, None]]:
    if isinstance(target, cst.Tuple | cst.List):
        for one in target.elements:
            yield from _unknown(one.value)
    else:
        yield written(target), None
