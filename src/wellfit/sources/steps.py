"""Where a project makes its optimizers, and where these take their steps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.bindings import Bindings, Made
from wellfit.sources.project import Left, Project
from wellfit.sources.text import Swap, Text, nodes, statements, written

# The optimizers of PyTorch, and the rates that they have by themselves.
RATES: Mapping[str, float | None] = {
    "torch.optim.SGD": 0.001,
    "torch.optim.Adam": 0.001,
    "torch.optim.AdamW": 0.001,
    "torch.optim.Adamax": 0.002,
    "torch.optim.NAdam": 0.002,
    "torch.optim.RAdam": 0.001,
    "torch.optim.RMSprop": 0.01,
    "torch.optim.Adagrad": 0.01,
    "torch.optim.Adadelta": 1.0,
    "torch.optim.ASGD": 0.01,
    "torch.optim.Rprop": 0.01,
    "torch.optim.SparseAdam": 0.001,
    "torch.optim.LBFGS": 1.0,
}
BESIDE = (  # what has a `step` too, and is no optimizer
    "torch.optim.lr_scheduler.",
    "torch.profiler.",
    "transformers.",
)
SCALERS = ("torch.amp.GradScaler", "torch.cuda.amp.GradScaler")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A call, `optimizer.step()`, and what made the optimizers it may step."""

    path: Path
    call: cst.Call
    line: cst.SimpleStatementLine | None  # None where that does more than to step
    optimizer: str  # as it is written there
    made: tuple[Made, ...]
    bare: bool  # whether nothing is given to it


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """All optimizers of a project, and all of their steps."""

    made: tuple[Made, ...]
    steps: tuple[Step, ...]
    bindings: Bindings


def steps_of(project: Project) -> Steps | Left:
    """All of them; or what steps that is not seen to be made."""
    bindings = Bindings(project)
    made = [
        Made(path, call)
        for path, text in bindings.texts.items()
        for call in text.calls(*RATES)
    ]
    if not made:
        return Left(why="the text makes no optimizer of PyTorch's by its name")
    steps: list[Step] = []
    for path, text in bindings.texts.items():
        for call in text.all(cst.Call):
            found = _step(bindings, path, text, call)
            if isinstance(found, Left):
                return found
            if found is not None:
                steps.append(found)
    return Steps(made=tuple(made), steps=tuple(steps), bindings=bindings)


def _step(
    bindings: Bindings, path: Path, text: Text, call: cst.Call
) -> Step | Left | None:
    func = call.func
    if not isinstance(func, cst.Attribute) or func.attr.value != "step":
        return None
    behind = bindings.behind(Made(path, func.value))
    names = {bindings.texts[m.path].called(m.node) for m in behind or ()}
    if names and all(n.startswith(BESIDE) for n in names):
        return None
    where = f"line {text.line(call)} of {path.name}"
    if names and names <= {*SCALERS}:
        return Left(why=f"{where} steps by a GradScaler, whose gradients are scaled")
    if not names or not names <= {*RATES}:
        if names and call.args and not any(n in RATES for n in names):
            return None  # of an environment, say
        who = written(func.value)
        return Left(why=f"it is not sure what {who} is, which {where} steps")
    line = text.above(call, cst.SimpleStatementLine)
    return Step(
        path=path,
        call=call,
        line=line if line is not None and _alone(line, call) else None,
        optimizer=written(func.value),
        made=tuple(behind or ()),
        bare=not call.args,
    )


def _alone(line: cst.SimpleStatementLine, call: cst.Call) -> bool:
    (first, *more) = line.body
    return not more and isinstance(first, cst.Expr) and first.value is call


def around_steps(
    project: Project, code: Callable[[Step, Text], str], *, after: bool = False
) -> Project | Left:
    """Statements put before each step, or after it; where they are not there yet."""
    found = steps_of(project)
    if isinstance(found, Left):
        return found
    if not found.steps:
        return Left(why="the text has no step of an optimizer: a library takes them")
    if any(not step.bare for step in found.steps):
        return Left(why="a step is given a closure, which makes gradients within it")
    swaps: dict[Path, dict[cst.CSTNode, Swap]] = {}
    for step in found.steps:
        text = found.bindings.texts[step.path]
        if step.line is None:
            where = f"line {text.line(step.call)} of {step.path.name}"
            return Left(why=f"{where} does more than to step")
        said = code(step, text)
        if not _stands(text, step.line, said, after=after):
            swaps.setdefault(step.path, {})[step.line] = beside(said, after=after)
    codes = {p: found.bindings.texts[p].edited(s) for p, s in swaps.items()}
    return importing(project.edited(codes), codes, "torch")


def beside(code: str, *, after: bool) -> Swap:
    """Statements put before a line, below what is said above it, or after it."""

    def swap(line: Any) -> Any:
        new = statements(code)
        if after:
            return cst.FlattenSentinel([line, *new])
        above, bare = line.leading_lines, line.with_changes(leading_lines=())
        first = new[0].with_changes(leading_lines=above)
        return cst.FlattenSentinel([first, *new[1:], bare])

    return swap


def _stands(text: Text, line: cst.CSTNode, code: str, *, after: bool) -> bool:
    """Whether these statements are in the block of a line already, on that side."""
    block: Any = text.parent(line)
    place = list(block.body).index(line)
    side = block.body[place + 1 :] if after else block.body[:place]
    have, wanted = _said(side), _said(statements(code))
    starts = range(len(have) - len(wanted) + 1)
    return any(have[i : i + len(wanted)] == wanted for i in starts)


def _said(lines: Iterable[cst.CSTNode]) -> list[str]:
    """Statements as they are written, without the blank lines above them."""
    bare = (line.with_changes(leading_lines=()) for line in lines)
    return [written(line).strip() for line in bare]


def importing(project: Project, paths: Iterable[Path], *modules: str) -> Project:
    """The project, with imports of modules where a file says them and has none."""
    new: dict[Path, str] = {}
    for path in paths:
        text = Text(project.files[path])
        said = {n.value for n in nodes(text.module, cst.Name)}
        lack = [m for m in modules if m in said and text.spelled(m) is None]
        if lack:
            new[path] = _with_imports(text, lack)
    return project.edited(new)


def _with_imports(text: Text, modules: Iterable[str]) -> str:
    body: list[Any] = list(text.module.body)
    place = next((i for i, line in enumerate(body) if not _heads(line)), len(body))
    first = body[place]
    lines = statements("".join(f"import {name}\n" for name in modules))
    lines[0] = lines[0].with_changes(leading_lines=first.leading_lines)
    body[place : place + 1] = [*lines, first.with_changes(leading_lines=())]
    return text.module.with_changes(body=body).code


def _heads(line: cst.CSTNode) -> bool:
    """Whether it must come before imports: a docstring, or of `__future__`."""
    if not isinstance(line, cst.SimpleStatementLine):
        return False
    first = line.body[0]
    if isinstance(first, cst.ImportFrom) and first.module is not None:
        return written(first.module) == "__future__"
    return isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString)


def model_of(step: Step, text: Text) -> str | None:
    """`model`, where the step's optimizer trains `model.parameters()`, and all of it.

    None where it does not, or the name may mean another thing where the step is taken.
    """
    (first, *more) = step.made
    call: Any = first.node
    if more or first.path != step.path or not call.args:
        return None
    given = call.args[0].value
    if not isinstance(given, cst.Call) or given.args or call.args[0].keyword:
        return None
    func: Any = given.func
    same = text.scope(call) is text.scope(step.call) and isinstance(func, cst.Attribute)
    if not same or func.attr.value != "parameters":
        return None
    return written(func.value)
