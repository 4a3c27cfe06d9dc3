"""Activations between layers: modules, and functions that no module can replace."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import libcst as cst

from wellfit.sources.project import Left, Project, parsed
from wellfit.sources.steps import importing
from wellfit.sources.text import Swap, Text, expression, nodes, written

MODULES: Mapping[str, str] = {"relu": "ReLU", "leaky-relu": "LeakyReLU", "gelu": "GELU"}
SQUASHING = frozenset({"Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign"})
CUTTING = frozenset({"ReLU", "ReLU6"})
FUNCTIONS: Mapping[str, str] = {
    f"{home}.{name}": kind
    for home in ("torch", "torch.nn.functional", "torch.special")
    for name, kind in {
        "sigmoid": "Sigmoid",
        "expit": "Sigmoid",
        "tanh": "Tanh",
        "hardsigmoid": "Hardsigmoid",
        "hardtanh": "Hardtanh",
        "softsign": "Softsign",
        "relu": "ReLU",
        "relu6": "ReLU6",
    }.items()
}
ACTIVATION = re.compile("|".join({*FUNCTIONS.values(), "expit"}), re.IGNORECASE)
SHORTS = frozenset(name.rpartition(".")[2] for name in FUNCTIONS)
METHODS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU"}
LAYERS = frozenset(
    f"torch.nn.{name}"
    for name in (
        *("Linear", "Bilinear", "LazyLinear"),
        *(f"{kind}{n}d" for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)),
    )
)
# What gives on what it is given, up to its shape, its scale or a choice of it.
PASSING = (
    *("Dropout", "AlphaDropout", "FeatureAlphaDropout", "BatchNorm", "LayerNorm"),
    *("GroupNorm", "InstanceNorm", "MaxPool", "AvgPool", "Adaptive", "Flatten"),
    *("Unflatten", "Identity"),
)
PASSING_FUNCTIONS = (
    *("dropout", "flatten", "max_pool", "avg_pool", "adaptive_", "layer_norm"),
    *("alpha_dropout", "batch_norm", "squeeze", "unsqueeze", "reshape"),
)
PASSING_METHODS = frozenset(
    {"view", "flatten", "reshape", "squeeze", "unsqueeze", "contiguous", "mean"}
)


def swap_functions(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Swap those that are called as functions in a `forward`, between two layers.

    An activation whose result goes anywhere but into a layer may be a gate, or the
    output: it stays.
    """
    codes = {}
    for path, code in project.files.items():
        if not ACTIVATION.search(code):
            continue  # it need not be read
        text = parsed(code)
        swaps = dict(_functions(text, params["to"]))
        if swaps:
            codes[path] = text.edited(swaps)
    if not codes:
        return Left(why="no function between two layers is an activation")
    return importing(project.edited(codes), codes, "torch")


def swap_activations(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Swap those too that are modules, where it is sure that a layer comes after."""
    to, codes = params["to"], {}
    for path, code in project.files.items():
        if not ACTIVATION.search(code):
            continue
        text = parsed(code)
        swaps = dict(_functions(text, to))
        for call in _modules(text, to):
            if _between_layers(text, call):
                swaps[call] = _module(text, to)
            elif not _is_output(project, text, call):
                where = f"line {text.line(call)} of {path.name}"
                return Left(why=f"it is not sure what comes after that of {where}")
        if swaps:
            codes[path] = text.edited(swaps)
    if not codes:
        return Left(why="no activation is made between layers in the text")
    return importing(project.edited(codes), codes, "torch")


def _swapped(to: str) -> frozenset[str]:
    return SQUASHING if to == "relu" else SQUASHING | CUTTING


def _functions(text: Text, to: str) -> Iterator[tuple[cst.Call, Swap]]:
    for call in text.all(cst.Call):
        found = _function(text, call)
        if found is None or found[0] not in _swapped(to):
            continue
        given = found[1]
        forward = Forward.around(text, call)
        if forward and forward.of_layer(given) and forward.into_layer(call):
            yield call, _calling(text, to, given)


def _function(text: Text, call: cst.Call) -> tuple[str, cst.BaseExpression] | None:
    """The kind of activation that is called, and what it is given."""
    known = text.short(call) in SHORTS
    kind = FUNCTIONS.get(text.called(call)) if known else None
    if kind is not None and len(call.args) == 1 and not call.args[0].star:
        return kind, call.args[0].value
    func = call.func
    if not call.args and isinstance(func, cst.Attribute):
        kind = METHODS.get(func.attr.value)
        return None if kind is None else (kind, func.value)
    return None


def _calling(text: Text, to: str, given: cst.BaseExpression) -> Swap:
    name = f"torch.nn.functional.{to.replace('-', '_')}"
    plain = text.spelled("torch") if to == "relu" else None
    called = f"{plain}.relu" if plain else text.spelled(name) or name

    def swap(call: cst.Call) -> cst.BaseExpression:
        inner = call.args[0].value if call.args else call.func.value  # type: ignore[attr-defined]
        made = cst.ensure_type(expression(f"{called}(_)"), cst.Call)
        return made.with_changes(
            args=[made.args[0].with_changes(value=inner)],
            lpar=call.lpar,
            rpar=call.rpar,
        )

    return swap


class Forward:
    """The flow of values through a `forward`, as far as it is straight."""

    def __init__(self, text: Text, function: cst.FunctionDef, made: cst.ClassDef):
        self.text, self.function = text, function
        self.kinds = _kinds(text, made)

    @classmethod
    def around(cls, text: Text, node: cst.CSTNode) -> "Forward | None":
        """That which a node is in; None where it is in none."""
        function, made = text.scope(node), text.above(node, cst.ClassDef)
        if made is None or not isinstance(function, cst.FunctionDef):
            return None
        return cls(text, function, made) if function.name.value == "forward" else None

    def of_layer(self, node: cst.BaseExpression) -> bool:
        """Whether it is what a layer gives, up to norms and the like."""
        if isinstance(node, cst.Name):
            before = self._assigned_before(node)
            return before is not None and self.of_layer(before)
        if not isinstance(node, cst.Call):
            return False
        if self._is_layer(node):
            return True
        inner = self._passed_on(node)
        return inner is not None and self.of_layer(inner)

    def into_layer(self, node: cst.BaseExpression) -> bool:
        """Whether all that becomes of it is that layers are given it."""
        parent: Any = self.text.parent(node)
        if isinstance(parent, cst.Arg):
            call: Any = self.text.parent(parent)
            if not isinstance(call, cst.Call) or call.args[0] is not parent:
                return False
            if self._is_layer(call):
                return len(call.args) == 1
            return self._passed_on(call) is node and self.into_layer(call)
        if isinstance(parent, cst.Attribute):
            call = self.text.parent(parent)
            return self._passed_on(call) is node and self.into_layer(call)
        if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
            uses = self._uses_after(parent)
            return bool(uses) and all(map(self.into_layer, uses))
        return False

    def _is_layer(self, call: cst.Call) -> bool:
        return self._kind(call) in LAYERS

    def _kind(self, call: cst.Call) -> str:
        return self.kinds.get(written(call.func), "")

    def _passed_on(self, call: Any) -> cst.BaseExpression | None:
        """What a call gives on of what it is given; None where it makes another."""
        if not isinstance(call, cst.Call):
            return None
        func, name = call.func, self.text.called(call)
        kind = self._kind(call).removeprefix("torch.nn.")
        short = name.rpartition(".")[2]
        if kind.startswith(PASSING) or (
            name.startswith(("torch.nn.functional.", "torch."))
            and short.startswith(PASSING_FUNCTIONS)
        ):
            return call.args[0].value if call.args and not call.args[0].star else None
        if _function(self.text, call):  # one after the other
            return None
        method = isinstance(func, cst.Attribute) and func.attr.value in PASSING_METHODS
        return func.value if method and isinstance(func, cst.Attribute) else None

    def _block(self, node: cst.CSTNode) -> tuple[list[Any], int] | None:
        """The statements of the function, and which of them a node is in.

        None where it is in a branch or a loop.
        """
        lines = list(self.function.body.body)
        line = self.text.above(node, cst.SimpleStatementLine)
        return (lines, lines.index(line)) if line in lines else None

    def _assigned_before(self, name: cst.Name) -> cst.BaseExpression | None:
        found = self._block(name)
        if found is None:
            return None
        lines, place = found
        for line in reversed(lines[:place]):
            if _binds(line, name.value):
                return _value_of(line, name.value)
        return None

    def _uses_after(self, assign: cst.Assign) -> list[cst.Name]:
        """Where what is assigned is read; none where that is not sure."""
        target, found = assign.targets[0].target, self._block(assign)
        if not isinstance(target, cst.Name) or found is None:
            return []
        lines, place = found
        uses: list[cst.Name] = []
        for line in lines[place + 1 :]:
            again = _value_of(line, target.value)
            within = line if again is None else again
            uses += [n for n in nodes(within, cst.Name) if n.value == target.value]
            if again is not None:
                return uses
            if _binds(line, target.value):
                return []
        return uses


def _binds(line: cst.CSTNode, name: str) -> bool:
    """Whether a statement may give a name another value."""
    kinds = cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.NamedExpr | cst.For
    targets = nodes(line, kinds)
    return any(n.value == name for one in targets for n in nodes(one.target, cst.Name))


def _value_of(line: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    """What a statement, `name = value`, gives it; None of any other."""
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    (part,) = line.body
    plain = isinstance(part, cst.Assign) and len(part.targets) == 1
    if not plain or not isinstance(part, cst.Assign):
        return None
    target = part.targets[0].target
    own = isinstance(target, cst.Name) and target.value == name
    return part.value if own else None


def _kinds(text: Text, made: cst.ClassDef) -> dict[str, str]:
    """What a class's attributes are: `self.hidden` is `torch.nn.Linear`."""
    found: dict[str, str] = {}
    for line in nodes(made, cst.Assign):
        for target in line.targets:
            name = written(target.target)
            if name.startswith("self."):
                kind = text.called(line.value)
                found[name] = "" if name in found and found[name] != kind else kind
    return found


def _modules(text: Text, to: str) -> Iterator[cst.Call]:
    yield from text.calls(*(f"torch.nn.{kind}" for kind in sorted(_swapped(to))))


def _module(text: Text, to: str) -> Swap:
    name = f"torch.nn.{MODULES[to]}"
    made = f"{text.spelled(name) or name}()"
    return lambda call: expression(made).with_changes(lpar=call.lpar, rpar=call.rpar)


def _between_layers(text: Text, call: cst.Call) -> bool:
    """Whether a layer comes after it in its Sequential, or in all of its `forward`."""
    after = _after(text, call)
    if after is not None:
        return any(
            text.called(c) in LAYERS for arg in after for c in nodes(arg, cst.Call)
        )
    assign, made = text.parent(call), text.above(call, cst.ClassDef)
    if made is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1:
        return False
    name = written(assign.targets[0].target)
    uses = [c for c in nodes(made, cst.Call) if written(c.func) == name]
    named = [n for n in nodes(made, cst.Attribute) if written(n) == name]
    if len(named) != len(uses) + 1:
        return False  # it is given to something else
    flows = [(Forward.around(text, use), use) for use in uses]
    return bool(uses) and all(f is not None and f.into_layer(use) for f, use in flows)


def _after(text: Text, call: cst.Call) -> list[cst.Arg] | None:
    """What comes after it in its Sequential; None where it is in none."""
    arg = text.parent(call)
    holder = None if arg is None else text.parent(arg)
    if not isinstance(arg, cst.Arg) or not isinstance(holder, cst.Call):
        return None
    if text.called(holder) != "torch.nn.Sequential":
        return None
    args = list(holder.args)
    return args[args.index(arg) + 1 :]


def _is_output(project: Project, text: Text, call: cst.Call) -> bool:
    """Whether it ends the one Sequential that there is: that is the model."""
    models = [
        node
        for other in project.texts.values()
        for node in (*other.calls("torch.nn.Sequential"), *other.all(cst.ClassDef))
    ]
    return len(models) == 1 and _after(text, call) == []
