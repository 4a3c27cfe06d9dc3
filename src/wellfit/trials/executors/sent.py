"""Folders, sent from machine to machine as bytes."""

import io
import os
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import rmtree

from wellfit.core.errors import BadSetting
from wellfit.record.folder import RUNS, databases

MOST = 200_000_000  # bytes of code; Ray itself takes 500 MB
FAST = 1  # the level of compression
# Folders that are no code, or are of this machine.
LEFT = {
    ".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    ".tox", ".nox", ".ipynb_checkpoints", "node_modules", RUNS.name,
}  # fmt: skip


def code_in(root: Path, *, leave: Path, most: int = MOST) -> bytes:
    """All that a script may need from its folder; `BadSetting` where that is too much.

    Left out are `leave`, folders of runs, environments of Python, caches and the
    history. A link is sent as a link.
    """
    sizes: dict[str, int] = {}

    def add(file: Path) -> None:
        top = file.relative_to(root).parts[0]
        sizes[top] = sizes.get(top, 0) + file.lstat().st_size
        if sum(sizes.values()) > most:
            largest = max(sizes, key=sizes.__getitem__)
            raise BadSetting(
                f"the code that is sent to a cluster may have {most / 1e6:,.0f} MB; "
                f"{root} has more, the most of it in {largest}: name large data by a "
                "path that all machines have, or start from a folder of the code alone"
            )

    return packed(root, _code(root, leave.absolute()), add)


def _code(root: Path, leave: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(root):
        here = Path(where)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name not in links and _is_code(here / name)
        )
        folders[:] = [name for name in folders if here / name != leave]
        for name in sorted([*links, *files]):
            if not name.endswith(".pyc"):
                yield here / name


def _is_code(folder: Path) -> bool:
    """Neither of these names, nor an environment, nor a run."""
    if folder.name in LEFT or (folder / "pyvenv.cfg").exists():
        return False
    return not databases(folder)


def packed(
    root: Path,
    files: Iterator[Path] | None = None,
    look: Callable[[Path], None] = lambda _: None,
) -> bytes:
    """The files of a folder, or those of them that are named; `look` sees each first.

    What vanishes meanwhile, and what is neither a file nor a link, is left out.
    """
    named = (f for f in sorted(root.rglob("*"))) if files is None else files
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz", compresslevel=FAST) as tar:
        for file in named:
            if file.is_symlink():
                _add_link(tar, file, str(file.relative_to(root)))
            elif file.is_file():
                look(file)
                tar.add(file, str(file.relative_to(root)))
    return into.getvalue()


def _add_link(tar: tarfile.TarFile, file: Path, name: str) -> None:
    """What it leads to is outside of what is sent, or is sent under its own name."""
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, str(file.resolve())
    tar.addfile(link)


def unpack(content: bytes, into: Path) -> None:
    """Write the files into a folder; the code is our own, and may hold links."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(into, filter="fully_trusted")


def bring(content: bytes, folder: Path) -> None:
    """Put files that came back in the place of a folder, all of them or none."""
    coming = folder.with_name(f".{folder.name}")
    rmtree(coming, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(coming, filter="data")
    rmtree(folder, ignore_errors=True)
    coming.rename(folder)


def home_of(words: Sequence[str], *, module: bool) -> tuple[Path, list[str]]:
    """The folder that is sent for a command line, and that line as it is there.

    It is the one we are in, where the script lies within it; else the script's own.
    """
    here, script = Path.cwd(), Path(words[0]).absolute()
    if module:
        return here, list(words)
    if script.is_relative_to(here):
        return here, [str(script.relative_to(here)), *words[1:]]
    root = script if script.is_dir() else script.parent
    return root, [str(script.relative_to(root)), *words[1:]]


def paths_in(root: Path) -> list[str]:
    """Folders within `root` that modules are imported from here, as they are there.

    Not the first of `sys.path`, which a script replaces by its own folder.
    """
    found = [Path(path).absolute() for path in sys.path[1:] if path]
    within = [p.relative_to(root) for p in found if p.is_relative_to(root)]
    return [str(p) for p in within if _all_code(root, p)]


def _all_code(root: Path, part: Path) -> bool:
    around = [root / p for p in (part, *part.parents)]
    return all(_is_code(folder) for folder in around if folder != root)
