"""The files of the user's that a script is made of, and what became of an edit."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from wellfit.sources.text import Text

MOST = 200  # files: more are not read
LARGEST = 1_000_000  # bytes of one: a larger one is made by a machine


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """Their texts, by their paths; the script is the first."""

    files: Mapping[Path, str]

    @property
    def texts(self) -> dict[Path, Text]:
        """The same, read."""
        return {path: parsed(code) for path, code in self.files.items()}

    def edited(self, codes: Mapping[Path, str]) -> "Project":
        """The project with other texts for some."""
        return replace(self, files={**self.files, **codes})


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """An edit that is not made, as it would not be sure to do what it is to; and why.

    What it would have to change is named in `why`.
    """

    why: str


Edit = Callable[[Project, Mapping[str, Any]], Project | Left]


def attempted(
    edit: Edit, project: Project, params: Mapping[str, Any]
) -> Project | Left:
    """The edit; left where a text is of a kind that it was not made for.

    Strangers write in ways that nobody thinks of: no run and no proof is lost for it.
    """
    try:
        return edit(project, params)
    except Exception as error:
        return Left(why=f"the text could not be followed ({type(error).__name__})")


@cache
def parsed(code: str) -> Text:
    """The text, read: the same texts are met again and again."""
    return Text(code)


def read_project(script: Path, root: Path) -> Project:
    """A script and what it imports of its own folder, `root`, and of below.

    What cannot be read as Python is left out: an edit then does not find it.
    """
    files: dict[Path, str] = {}
    waiting = [script]
    while waiting and len(files) < MOST:
        path = waiting.pop(0)
        if path in files or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        try:
            code = path.read_bytes().decode("utf-8")
            tree = ast.parse(code)
        except (UnicodeDecodeError, SyntaxError, ValueError, RecursionError):
            continue
        files[path] = code
        waiting += _local(tree, path, root)
    return Project(files=files)


def _local(tree: ast.Module, file: Path, root: Path) -> Iterator[Path]:
    """The files that a module's imports may load, of those below the root."""
    for line in ast.walk(tree):
        if isinstance(line, ast.Import):
            for alias in line.names:
                yield from _files(root, alias.name.split("."))
        elif isinstance(line, ast.ImportFrom):
            base = root
            if line.level:
                base = file.parents[min(line.level, len(file.parents)) - 1]
            parts = line.module.split(".") if line.module else []
            yield from _files(base, parts)
            for alias in line.names:
                yield from _files(base, [*parts, alias.name])


def _files(base: Path, parts: list[str]) -> Iterator[Path]:
    place = base.joinpath(*parts)
    if parts:
        yield place.with_suffix(".py")
    yield place / "__init__.py"
