"""Gradients, forgotten after a step."""

from collections.abc import Mapping
from typing import Any

from wellfit.sources.project import Left, Project
from wellfit.sources.steps import around_steps


def zero_gradients(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Put `zero_grad()` after each step: batches that are added up stay so."""
    return around_steps(
        project, lambda step, _: f"{step.optimizer}.zero_grad()\n", after=True
    )
