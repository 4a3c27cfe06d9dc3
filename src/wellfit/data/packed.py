"""Compressed files, opened in memory."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from wellfit.core.errors import BadTable


def _zstd(raw: bytes) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(BytesIO(raw), "zstd") as stream:
        unpacked: bytes = stream.read()
    return unpacked


OPEN: Mapping[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    ".gz": (b"\x1f\x8b", gzip.decompress),
    ".bz2": (b"BZh", bz2.decompress),
    ".xz": (b"\xfd7zXZ", lzma.decompress),
    ".zst": (b"\x28\xb5\x2f\xfd", _zstd),
}
ZIP = b"PK\x03\x04"
PACKED = (*OPEN, ".zip")
FAULTS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, BadZipFile)


def unpack(name: str, raw: bytes) -> tuple[str, bytes]:
    """The name and content of what is inside, layer by layer; as given if nothing is.

    A zip must hold one table. `BadTable` where a layer is damaged. A plain text that
    is only called .zip is taken for what it is.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in PACKED:
        return name, raw
    mark, opened = OPEN.get(suffix, (ZIP, None))
    if not raw.startswith(mark) and raw[:1024].isascii() and b"\0" not in raw[:1024]:
        return unpack(Path(name).stem, raw)
    try:
        if opened is None:
            return unpack(*_member(name, raw))
        return unpack(Path(name).stem, opened(raw))
    except BadTable:
        raise
    except FAULTS as error:
        raise BadTable(
            f"{name} is damaged, or not compressed as its name says ({suffix})"
        ) from error


def _member(name: str, raw: bytes) -> tuple[str, bytes]:
    with ZipFile(BytesIO(raw)) as archive:
        found = member(archive, name)
        return Path(found).name, archive.read(found)


def member(archive: ZipFile, name: str) -> str:
    """The one file that a zip holds; `BadTable` where it holds another number."""
    files = [
        f
        for f in archive.namelist()
        if not f.endswith("/") and not f.startswith("__MACOSX/")
    ]
    if len(files) != 1:
        raise BadTable(f"{name} holds {len(files)} files; one table was expected")
    if archive.getinfo(files[0]).flag_bits & 1:
        raise BadTable(f"{name} is locked with a password; unpack it first")
    return files[0]
