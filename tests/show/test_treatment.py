"""A treatment in the terminal: what came of it stands in its last lines."""

from dataclasses import replace
from io import StringIO
from math import isnan

import pytest
from rich.console import Console

from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome
from wellfit.show.treatment import show_treatment


def shown(treatment: Treatment) -> str:
    console = Console(file=StringIO(), width=200)
    show_treatment(treatment, console)
    return console.file.getvalue()


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_said(treatment: Treatment, outcome: Outcome) -> None:
    verdict = replace(treatment.verdict, outcome=outcome)
    said = shown(replace(treatment, verdict=verdict))
    assert "lower-learning-rate(factor=0.1) + clip-gradients(norm=1.0)" in said
    saved = outcome in (Outcome.BETTER, Outcome.TRIED)
    assert ("wellfit run --with" in said) == saved
    if outcome is not Outcome.TRIED:
        assert "not proven" not in said


def test_what_was_tried_is_ranked(treatment: Treatment) -> None:
    said = shown(treatment)
    order = [
        said.index(f"tried {change}")
        for change in ("lower-learning-rate", "swap-activations", "warm-up")
    ]
    assert order == sorted(order)
    assert "12 pairs" in said
    assert any(map(isnan, treatment.verdict.control))
    assert "failed" in said


def test_what_is_left_alone_says_why(treatment: Treatment) -> None:
    left = replace(treatment, verdict=None)
    assert "Nothing that could be tried helps" in shown(left)
    assert "needs a remedy" in shown(replace(left, healthy=True))
    assert "no time to try a change" in shown(replace(left, tried=()))
