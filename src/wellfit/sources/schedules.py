"""A schedule of the rate, where the script has none."""

from collections.abc import Mapping
from typing import Any

import libcst as cst

from wellfit.sources.project import Left, Project
from wellfit.sources.rates import SCHEDULERS, sets_rates
from wellfit.sources.steps import Step, Steps, beside, importing, steps_of
from wellfit.sources.text import Swap, Text, nodes, written

LAMBDA = "torch.optim.lr_scheduler.LambdaLR"
NAMES = ("schedule", "rate_schedule", "schedule_of_rate")  # how it may be called


def warm_up(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Let the rate rise evenly over the first steps."""
    return _shaped(project, f"min(1.0, (step + 1) / {params['steps']})")


def schedule_learning_rate(
    project: Project, params: Mapping[str, Any]
) -> Project | Left:
    """Let it go to 0 by half a cosine."""
    kind = params.get("kind", "cosine")
    if kind != "cosine":
        return Left(why=f"a schedule of the kind {kind} is wellfit's own")
    share = f"min(1.0, step / {params['steps']})"
    return _shaped(project, f"0.5 * (1 + math.cos(math.pi * {share}))")


def _shaped(project: Project, factor: str) -> Project | Left:
    found = steps_of(project)
    place = found if isinstance(found, Left) else _place(found)
    if isinstance(place, Left):
        return place
    step, text, made = place
    name = _free(text)
    if name is None:
        return Left(why=f"the names {', '.join(NAMES)} are taken")
    given = text.spelled(LAMBDA) or LAMBDA
    line = f"{name} = {given}({step.optimizer}, lambda step: {factor})\n"
    swaps: dict[cst.CSTNode, Swap] = {
        made: beside(line, after=True),
        step.line: beside(f"{name}.step()\n", after=True),  # type: ignore[dict-item]
    }
    edited = project.edited({step.path: text.edited(swaps)})
    modules = [m for m in ("math", "torch") if f"{m}." in line]
    return importing(edited, [step.path], *modules)


def _place(found: Steps) -> tuple[Step, Text, cst.CSTNode] | Left:
    """The one step, its text, and the line in which its optimizer is made."""
    if len(found.made) != 1 or len(found.steps) != 1:
        return Left(why="there is more than one optimizer, or step, or none")
    ((made,), (step,)) = found.made, found.steps
    text = found.bindings.texts[step.path]
    for path, other in found.bindings.texts.items():
        for call in other.starting(SCHEDULERS):
            where = f"line {other.line(call)} of {path.name}"
            return Left(why=f"it would be joined to the schedule of {where}")
        if sets_rates(other):
            return Left(why=f"{path.name} sets rates itself")
    line = (
        text.above(made.node, cst.SimpleStatementLine)
        if made.path == step.path
        else None
    )
    if line is None or step.line is None or not _binds(line, made.node, step.optimizer):
        return Left(why="the optimizer is stepped where it is not made")
    scopes = (text.scope(made.node), text.scope(step.call))
    if scopes[0] is not scopes[1] and scopes[0] is not text.module:
        return Left(why="the optimizer is stepped where it is not made")
    return step, text, line


def _binds(line: cst.SimpleStatementLine, call: cst.CSTNode, name: str) -> bool:
    """Whether a line is `name = call`, and nothing else."""
    (first, *more) = line.body
    if more or not isinstance(first, cst.Assign) or len(first.targets) != 1:
        return False
    return first.value is call and written(first.targets[0].target) == name


def _free(text: Text) -> str | None:
    names = {n.value for n in nodes(text.module, cst.Name)}
    return next((name for name in NAMES if name not in names), None)
