"""Gradients, shortened before a step."""

from collections.abc import Mapping
from typing import Any

from wellfit.sources.project import Left, Project
from wellfit.sources.steps import Step, around_steps, model_of
from wellfit.sources.text import Text

CLIP = "torch.nn.utils.clip_grad_norm_"


def clip_gradients(project: Project, params: Mapping[str, Any]) -> Project | Left:
    """Put `clip_grad_norm_` before each step."""

    def code(step: Step, text: Text) -> str:
        clip = text.spelled(CLIP) or CLIP
        model = model_of(step, text)
        if model is not None:
            return f"{clip}({model}.parameters(), {params['norm']!r})\n"
        each = f'p for g in {step.optimizer}.param_groups for p in g["params"]'
        return f"{clip}([{each}], {params['norm']!r})\n"

    return around_steps(project, code)
