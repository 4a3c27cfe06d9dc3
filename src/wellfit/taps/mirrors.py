"""A folder of links that stands for the user's own, for a trial to work in.

Scripts write beside themselves: checkpoints, logs, pictures. In a trial they would
write over each other's, and over the user's; one that takes up its last checkpoint
would take up that of another trial. So a trial works in a mirror: code is copied, and
all else is linked, folders as a whole, so that it costs a few links. Before something
is written through a link, that is put asunder (`loosen`).
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST = 2_000  # entries of a folder above the user's, that is mirrored too
LARGEST = 20_000  # entries of a folder, that is put asunder
APART = frozenset({"wellfit-runs", "__pycache__"})  # is not mirrored


class Mirror:
    """`top` stands for the folder `of`, in which the user's working folder is.

    The folders above that are mirrored too, as far as that of the user or the machine:
    scripts find data in `../data`.
    """

    def __init__(self, top: str | Path, of: str | Path) -> None:
        self.top, self.of = str(top), str(of)

    @classmethod
    def made(cls, top: Path, folder: Path) -> "Mirror":
        """The mirror of a working folder."""
        folder = Path(os.path.abspath(folder))  # noqa: PTH100 (resolves no link)
        levels = [folder]
        while _goes_on(levels[-1]):
            levels.append(levels[-1].parent)
        mirror = cls(os.path.realpath(top), levels[-1])
        for level in reversed(levels):
            mirror.open(level, code=level == folder)
        return mirror

    def here(self, path: str | Path) -> str:
        """Where a path of the user's is in the mirror; itself where it is not."""
        return _moved(str(path), self.of, self.top)

    def original(self, path: str) -> str:
        """What a path in the mirror stands for; itself where it is not in it."""
        return _moved(path, self.top, self.of)

    def holds(self, path: str) -> bool:
        """Whether a path is in the mirror."""
        return _below(path, self.top)

    def open(self, folder: Path, *, code: bool = False) -> None:
        """Mirror what is in a folder of the user's; its code is copied."""
        place = Path(self.here(folder))
        if place.is_symlink():
            place.unlink()
        place.mkdir(parents=True, exist_ok=True)
        with os.scandir(folder) as entries:
            for entry in entries:
                to = place / entry.name
                if entry.name in APART or _below(self.top, entry.path + "/trials"):
                    continue
                if os.path.lexists(to):
                    continue
                if code and entry.name.endswith(".py") and entry.is_file():
                    shutil.copy2(entry.path, to)
                else:
                    to.symlink_to(entry.path)

    def loosen(self, path: str, *, content: bool = True, whole: bool = False) -> None:
        """Have a path be the mirror's own, for it to be written to.

        Its `content` is kept where it is to be added to. A folder is opened where it is
        to be changed as a `whole`.
        """
        path = os.path.abspath(path)  # noqa: PTH100 (resolves no link)
        if not self.holds(path):
            return
        for parent in reversed(Path(path).parents):
            if self.holds(str(parent)) and parent.is_symlink():
                self._opened(parent)
        place = Path(path)
        if not place.is_symlink():
            return
        if place.is_dir():
            if whole:
                self._opened(place)
        elif not whole:
            behind = place.resolve()
            place.unlink()
            if content and behind.exists():
                shutil.copy2(behind, place)

    def _opened(self, link: Path) -> None:
        """A folder of links in the place of a link to a folder."""
        behind = Path(os.path.realpath(link))
        if sum(1 for _ in os.scandir(behind)) > LARGEST:
            return
        link.unlink()
        link.mkdir()
        with os.scandir(behind) as entries:
            for entry in entries:
                (link / entry.name).symlink_to(entry.path)

    def clear(self) -> None:
        """Leave what was written in it, and take the rest away."""
        for folder, folders, files in os.walk(self.top, topdown=False):
            for name in (*folders, *files):
                path = Path(folder, name)
                if path.is_symlink() or _copied(path, self.original(str(path))):
                    path.unlink(missing_ok=True)
                elif name == "__pycache__":
                    shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):  # there is something in it
                Path(folder).rmdir()


def _goes_on(level: Path) -> bool:
    """Whether the folder above it is mirrored too."""
    above = level.parent
    ends = (Path.home(), Path(tempfile.gettempdir()), Path(level.anchor))
    if level in ends or above == Path(level.anchor):
        return False
    try:
        with os.scandir(above) as entries:
            return sum(1 for _ in _some(entries)) <= MOST
    except OSError:
        return False


def _some(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    for count, entry in enumerate(entries):
        if count > MOST + 1:
            return
        yield entry


def _copied(path: Path, original: str) -> bool:
    """Whether a file is code that was copied, and is as it was."""
    if path.suffix != ".py" or not path.is_file():
        return False
    with suppress(OSError):
        one, other = path.stat(), Path(original).stat()
        return (one.st_mtime_ns, one.st_size) == (other.st_mtime_ns, other.st_size)
    return False


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _moved(path: str, source: str, target: str) -> str:
    if not _below(path, source):
        return path
    return target.rstrip("/") + path[len(source.rstrip("/")) :]
