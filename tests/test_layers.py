"""The house: a file imports only from rooms above its own, and frameworks on use."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "wellfit"
ROOMS = (
    "core",
    "record",
    "rules",
    "remedies",
    "data",
    "taps",
    "sources",
    "logs",
    "exporters",
    "models",
    "objectives",
    "schedules",
    "trainer",
    "trials",
    "deploy",
    "verbs",
    "contracts",
    "show",
    "cli",
)
# These rooms are imported by everybody: a framework may be met only inside a function.
LIGHT = {
    "core",
    "record",
    "rules",
    "remedies",
    "verbs",
    "contracts",
    "show",
    "cli",
}
FRAMEWORKS = {
    "lightgbm",
    "pandas",
    "polars",
    "pyarrow",
    "safetensors",
    "scipy",
    "sklearn",
    "torch",
    "xgboost",
}
FILES = sorted(SOURCE.glob("*/**/*.py"))


class Import(NamedTuple):
    """One imported module, and whether it is loaded together with the file."""

    module: str
    line: int
    at_once: bool


def imports(tree: ast.AST, package: list[str]) -> Iterator[Import]:
    """Every import of a file; `package` resolves the relative ones."""
    yield from _below(tree, package, at_once=True)


def _below(node: ast.AST, package: list[str], *, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, at_once)
        elif isinstance(child, ast.ImportFrom):
            for module in _sources(child, package):
                yield Import(module, child.lineno, at_once)
        else:
            later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(
                child.test
            )
            now = at_once and not later and not typing
            yield from _below(child, package, at_once=now)


def _sources(node: ast.ImportFrom, package: list[str]) -> list[str]:
    base = package[: len(package) + 1 - node.level] if node.level else []
    source = ".".join([*base, *([node.module] if node.module else [])])
    if source == "wellfit":
        return [f"wellfit.{alias.name}" for alias in node.names]
    return [source]


def imports_of(file: Path) -> list[Import]:
    package = ["wellfit", *file.relative_to(SOURCE).parent.parts]
    return list(imports(ast.parse(file.read_text(encoding="utf-8")), package))


def room(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0]


def named(file: Path) -> str:
    return str(file.relative_to(SOURCE))


def test_every_room_has_its_place():
    assert {room(file) for file in FILES} <= set(ROOMS)


@pytest.mark.parametrize("file", FILES, ids=named)
def test_a_file_imports_only_from_rooms_above_its_own(file):
    above = ROOMS[: ROOMS.index(room(file)) + 1]
    wrong = [
        f"line {found.line}: {found.module}"
        for found in imports_of(file)
        if found.module.startswith("wellfit.")
        and found.module != "wellfit.__version__"
        and found.module.split(".")[1] not in above
    ]
    assert not wrong, f"{named(file)} may import only from {', '.join(above)}"


@pytest.mark.parametrize("file", [f for f in FILES if room(f) in LIGHT], ids=named)
def test_a_light_room_imports_frameworks_on_use(file):
    wrong = [
        f"line {found.line}: {found.module}"
        for found in imports_of(file)
        if found.at_once and found.module.partition(".")[0] in FRAMEWORKS
    ]
    assert not wrong, "import it inside the function that needs it"


EXAMPLE = """
import torch
from wellfit import __version__
from wellfit.core import run
from . import writer
from ..cli.main import main

if TYPE_CHECKING:
    import pandas

def late():
    import sklearn.linear_model
"""


def test_imports_are_found_wherever_they_stand():
    found = imports(ast.parse(EXAMPLE), ["wellfit", "record"])
    assert [(module, at_once) for module, _, at_once in found] == [
        ("torch", True),
        ("wellfit.__version__", True),
        ("wellfit.core", True),
        ("wellfit.record", True),
        ("wellfit.cli.main", True),
        ("pandas", False),
        ("sklearn.linear_model", False),
    ]
