"""The files of the user's that a script is made of, and what became of an edit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import libcst as cst

from wellfit.sources.text import Text, nodes, written

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
            module = parsed(code).module
        except (UnicodeDecodeError, cst.ParserSyntaxError, RecursionError):
            continue
        files[path] = code
        waiting += _local(module, path, root)
    return Project(files=files)


def _local(module: cst.Module, file: Path, root: Path) -> Iterator[Path]:
    """The files that a module's imports may load, of those below the root."""
    for line in nodes(module, cst.Import):
        for alias in line.names:
            yield from _files(root, written(alias.name).split("."))
    for more in nodes(module, cst.ImportFrom):
        base = root
        if more.relative:
            base = file.parents[min(len(more.relative), len(file.parents)) - 1]
        parts = written(more.module).split(".") if more.module else []
        yield from _files(base, parts)
        if not isinstance(more.names, cst.ImportStar):
            for alias in more.names:
                yield from _files(base, [*parts, written(alias.name)])


def _files(base: Path, parts: list[str]) -> Iterator[Path]:
    place = base.joinpath(*parts)
    if parts:
        yield place.with_suffix(".py")
    yield place / "__init__.py"
