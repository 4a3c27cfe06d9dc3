"""Comet's offline experiments: a zip with `messages.json`, a message a line."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs.curve import Collector
from wellfit.logs.peek import Peek
from wellfit.logs.rows import number
from wellfit.logs.source import Format, Source

BEGINS = b"PK\x03\x04"
MESSAGES = "messages.json"
LONGEST = 1 << 20  # characters of a message that is looked into
LARGEST = 1 << 33  # bytes of messages, unpacked
RATIO = 200  # packed to unpacked: JSON packs to a tenth, a bomb to a thousandth
SMALL = 1 << 26  # bytes that are read however well they pack


class Comet(Format):
    """The zip that an OfflineExperiment leaves, read without being unpacked to disk."""

    name: ClassVar = "Comet offline experiment"

    def claims(self, peek: Peek) -> bool:
        """A zip with messages."""
        if not peek.head.startswith(BEGINS):
            return False
        try:
            with zipfile.ZipFile(peek.path) as archive:
                return MESSAGES in archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False

    def read(self, peek: Peek) -> Iterable[Source]:
        """Metrics by step, parameters, and the experiment's name."""
        reader = _Reader()
        try:
            with zipfile.ZipFile(peek.path) as archive:
                _no_bomb(archive.getinfo(MESSAGES), peek)
                with archive.open(MESSAGES) as packed:
                    for line in _lines(packed):
                        reader.take(line)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            RuntimeError,
        ) as error:
            if not reader.found.records:
                raise BadLog(f"{peek.path} is damaged, or locked: {error}") from error
            reader.notes.append("the zip is damaged: read up to there")
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=peek.path.parent,
            alone=True,
            run=reader.name or peek.path.stem,
            curves=reader.found.curves(),
            settings=reader.settings,
            notes=tuple(reader.notes),
        )


def _no_bomb(member: zipfile.ZipInfo, peek: Peek) -> None:
    ratio = member.file_size / max(member.compress_size, 1)
    if member.file_size > LARGEST or (member.file_size > SMALL and ratio > RATIO):
        raise BadLog(
            f"{peek.path} would unpack to {member.file_size:,} bytes, {ratio:,.0f} "
            "times what it takes: no log, and not unpacked"
        )


def _lines(packed: Any) -> Iterator[str]:
    """Whole lines; one that is too long to be a metric is passed over."""
    text = io.TextIOWrapper(packed, encoding="utf-8", errors="replace")
    read, over = 0, False
    while line := text.readline(LONGEST):
        read += len(line)
        if read > LARGEST:  # the zip has lied about its size
            return
        whole = line.endswith("\n")
        if not over and (whole or len(line) < LONGEST):
            yield line
        over = not whole


class _Reader:
    def __init__(self) -> None:
        self.found = Collector()
        self.settings: dict[str, Any] = {}
        self.name = ""
        self.notes: list[str] = []
        self._count = 0

    def take(self, line: str) -> None:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return
        kind = said.get("type") if isinstance(said, dict) else None
        payload = said.get("payload") if kind else None
        if not isinstance(payload, dict):
            return
        if kind == "metric_msg" and isinstance(payload.get("metric"), dict):
            self._metric(payload["metric"])
        elif kind == "parameter_msg" and isinstance(payload.get("param"), dict):
            self._parameter(payload["param"])
        elif kind == "log_other" and payload.get("key") == "Name":
            self.name = str(payload.get("value") or "")

    def _parameter(self, said: dict[str, Any]) -> None:
        """What the script set; not what Comet counts along."""
        if said.get("source") in (None, "manual"):
            name = str(said.get("paramName")).replace("|", ".")
            self.settings[name] = said.get("paramValue", said.get("paramValues"))

    def _metric(self, metric: dict[str, Any]) -> None:
        value = number(metric.get("metricValue"))
        name, step = metric.get("metricName"), number(metric.get("step"))
        if value is None or not isinstance(name, str) or name.startswith("sys."):
            return
        epoch = number(metric.get("epoch"))
        known = [n for n in (step, epoch) if n is not None and abs(n) < 1e15]
        self._count = int(known[0]) if known else self._count + 1
        self.found.record()
        self.found.add(name, self._count, value)
