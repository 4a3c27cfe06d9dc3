"""The beginning of a file, looked at once for all formats."""

import codecs
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wellfit.core.errors import BadLog
from wellfit.logs.columns import columns

LOOKED_AT = 1 << 16  # bytes
WHOLE = 1 << 27  # bytes of JSON that are read as a whole; lines are streamed
UNASKED = 1 << 25  # the same of a file that nobody named
ODD = re.compile("[\x01-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\ufffd]")  # in no text
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, kw_only=True)
class Peek:
    """A file, its size, and its first bytes; `named` where a person named it."""

    path: Path
    size: int
    head: bytes
    named: bool = False

    @classmethod
    def at(cls, path: Path, *, named: bool = False) -> "Peek":
        """Look at a file; `BadLog` where it cannot be opened."""
        try:
            with path.open("rb") as file:
                head = file.read(LOOKED_AT)
            return cls(path=path, size=path.stat().st_size, head=head, named=named)
        except OSError as error:
            raise BadLog(
                f"{path} cannot be read: {error.strerror}; expected a log that may be "
                "opened"
            ) from error

    @cached_property
    def encoding(self) -> str:
        """Of the text: by its mark, else UTF-8."""
        return next((e for m, e in MARKS.items() if self.head.startswith(m)), "utf-8")

    @cached_property
    def text(self) -> str:
        """The beginning as text; empty where it is binary."""
        said = self.head.decode(self.encoding, errors="replace")
        odd = len(ODD.findall(said))
        return "" if "\0" in said or odd > max(1, len(said) // 50) else said

    @cached_property
    def lines(self) -> list[str]:
        """The first lines, without the last where it is cut off, and without blanks."""
        lines = self.text.splitlines()
        if len(self.head) < self.size and len(lines) > 1:
            del lines[-1]
        return [line for line in lines if line.strip()]

    @cached_property
    def stem(self) -> str:
        """The file's name without its ending, in lower case."""
        return self.path.name.partition(".")[0].lower()

    @cached_property
    def columns(self) -> tuple[list[str], str]:
        """The names of its columns, none where it is no table, and the delimiter."""
        return columns(self.lines)

    @cached_property
    def streamed(self) -> bool:
        """Whether it is JSON lines: an object a line."""
        first = [line.strip().lstrip("\ufeff") for line in self.lines[:2]]
        try:
            return len(first) == 2 and all(
                isinstance(json.loads(line), dict) for line in first
            )
        except (ValueError, RecursionError):
            return False

    @cached_property
    def json(self) -> Any:
        """What it holds as one JSON value, or None where it is none."""
        if not self.text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
            return None
        if self.size > (WHOLE if self.named else UNASKED) or self.streamed:
            return None
        try:
            return json.loads(self.path.read_text(self.encoding, errors="replace"))
        except (ValueError, RecursionError, OSError, MemoryError):
            return None
