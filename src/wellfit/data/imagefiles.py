"""Files of images: where they are, beside a table, in a folder or within a zip.

A path may lead into a zip, as if that were a folder: `photos.zip/cats/1.jpg`.
"""

import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile, ZipFile

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
_LOCK = threading.Lock()  # of the archives that are open: they are few, and shared


def is_image(name: str) -> bool:
    """Whether the name ends as one of an image does."""
    return Path(name).suffix.lower() in IMAGES


def hidden(name: str) -> bool:
    """Whether a part of the path is the system's own, and not the user's."""
    return any(p.startswith((".", "__MACOSX")) for p in Path(name).parts)


def content(path: str | Path) -> bytes:
    """The bytes of a file; `OSError` where there is none."""
    found = Path(path)
    archive = _archive(found)
    if archive is None:
        return found.read_bytes()
    inner = found.relative_to(archive).as_posix()
    try:
        with _LOCK:
            return _opened(archive).read(inner)
    except (KeyError, BadZipFile, RuntimeError) as error:
        raise FileNotFoundError(f"{archive} has no readable {inner}") from error


def is_there(path: str | Path) -> bool:
    """Whether there is such a file."""
    found = Path(path)
    archive = _archive(found)
    if archive is None:
        return found.is_file()
    return found.relative_to(archive).as_posix() in _members(archive)


def members(archive: Path) -> list[str]:
    """The images in a zip; none where it cannot be read as one."""
    try:
        return sorted(n for n in _members(archive) if is_image(n) and not hidden(n))
    except (BadZipFile, OSError):
        return []


def _archive(path: Path) -> Path | None:
    """The zip that the path leads into."""
    for parent in path.parents:
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent
    return None


def _opened(archive: Path) -> ZipFile:
    return _kept(archive, archive.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _kept(archive: Path, _: int) -> ZipFile:
    """The zip as it was at that time: opening one reads the list of all it holds."""
    return ZipFile(archive)


def _members(archive: Path) -> Iterable[str]:
    with _LOCK:
        return _opened(archive).NameToInfo
