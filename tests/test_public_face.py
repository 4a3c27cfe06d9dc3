"""`import wellfit`: what it offers, and how little it costs."""

import subprocess
import sys
from statistics import median

import pytest

import wellfit

VALUES = [
    "Diagnosis",
    "Event",
    "Evidence",
    "Finding",
    "NotChecked",
    "Recipe",
    "Run",
    "Severity",
    "Signal",
    "WellfitError",
]
VERBS = [
    "apply",
    "check",
    "diagnose",
    "explain",
    "log",
    "recipe_for",
    "report",
    "run",
    "runs",
    "train",
    "treat",
    "watch",
]
HEAVY = {"torch", "pandas", "sklearn", "pyarrow", "pydantic", "typer", "rich", "jinja2"}


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_the_public_names_are_these():
    assert wellfit.__all__ == VALUES + VERBS


@pytest.mark.parametrize("name", VALUES + VERBS)
def test_a_public_name_is_there_and_has_a_page(name):
    found = getattr(wellfit, name)
    assert found.__name__ == name
    assert found.__doc__
    assert name in dir(wellfit)


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_typed(name):
    assert "return" in getattr(wellfit, name).__annotations__


def test_a_name_that_does_not_exist_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        wellfit.rnu  # noqa: B018


def imported(statement: str) -> set[str]:
    shown = python("-c", f"{statement}; import sys; print(*sys.modules)").stdout
    return {name.partition(".")[0] for name in shown.split()}


@pytest.mark.parametrize("statement", ["import wellfit", "from wellfit import Run"])
def test_importing_it_loads_nothing_heavy(statement):
    assert imported(statement) & HEAVY == set()


def test_importing_it_is_quick():
    clock = "import time; t = time.process_time(); import wellfit; "
    spent = [
        float(python("-c", f"{clock}print(time.process_time() - t)").stdout)
        for _ in range(7)
    ]
    assert median(spent) < 0.15  # seconds of a processor: others may be at work here
