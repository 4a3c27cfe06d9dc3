"""Weights, shrunk before a step."""

from collections.abc import Mapping
from typing import Any

from wellfit.sources.project import Left, Project
from wellfit.sources.steps import Step, around_steps
from wellfit.sources.text import Text

SHRINK = """\
with {torch}.no_grad():
    for group in {optimizer}.param_groups:
        for weight in group["params"]:
            if weight.grad is not None and weight.ndim > 1:
                weight.mul_(1 - group["lr"] * {decay!r})
"""
NAMES = ("group", "weight")  # that it binds


def penalize_weights(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Shrink weights before each step by that times the rate, as AdamW does."""
    kind = params.get("kind", "decay")
    if kind != "decay":
        return Left(why=f"a penalty of the kind {kind} is added to gradients")

    def code(step: Step, text: Text) -> str:
        torch = text.spelled("torch") or "torch"
        return SHRINK.format(torch=torch, optimizer=step.optimizer, **_only(params))

    return around_steps(project, code)


def _only(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"decay": params["decay"]}
